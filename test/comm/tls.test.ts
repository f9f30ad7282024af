// Encryption, with real certificates: who trusts whom, and what is said at night when nobody does.

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import type { HeddleError } from '../../src/lib/heddle-error.ts';
import type { ServerTlsOptions, TlsOptions } from '../../src/comm/tls.ts';
import { certificate } from './certificates.ts';
import { Ear } from './ear.ts';
import { bounded, dial, ended, scheduler } from './house.ts';

const authority = certificate('Loom authority', { isAuthority: true });
const { cert: ca } = authority.tls;
const loom = certificate('loom', { by: authority }).tls;
const ada = certificate('ada', { by: authority }).tls;
const expired = { validFrom: -10, validTo: -1 };

test('messages cross encrypted, to a name or an address that the certificate has', bounded, async () => {
  await using house = await scheduler({ tls: loom });
  const { url } = house.listener;
  assert.match(url, /^wss:\/\/127\.0\.0\.1:\d+$/);

  for (const address of [url, url.replace('127.0.0.1', 'localhost')]) {
    const worker = await dial(address, { tls: { ca } });
    const ear = Ear.at(await house.accepted());
    worker.send(ended(1));
    assert.deepEqual((await ear.until(({ messages }) => messages.length > 0)).messages, [ended(1)]);
  }
});

test('one that signed itself is trusted by whoever was given it', bounded, async () => {
  const own = certificate('loom').tls;
  await using house = await scheduler({ tls: own });

  const worker = await dial(house.listener.url, { tls: { ca: own.cert } });

  await worker.close();
});

for (const [what, tls, options, code, text] of [
  [
    'has expired',
    certificate('l', { by: authority, ...expired }).tls,
    { ca },
    'CERTIFICATE_EXPIRED',
    /has expired: renew/,
  ],
  [
    'is not valid yet',
    certificate('l', { by: authority, validFrom: 1, validTo: 2 }).tls,
    { ca },
    'CERTIFICATE_EXPIRED',
    /is not valid yet: .* check the clocks/,
  ],
  [
    'is that of another host',
    certificate('l', { by: authority, hosts: ['loom2.example'] }).tls,
    { ca },
    'CERTIFICATE_OF_ANOTHER_HOST',
    /is for DNS:loom2\.example: use an address that it names/,
  ],
  [
    'signed itself',
    certificate('l').tls,
    {},
    'CERTIFICATE_NOT_TRUSTED',
    /\(self-signed certificate\): give .*--tls-ca/,
  ],
  ['is signed by a stranger', loom, {}, 'CERTIFICATE_NOT_TRUSTED', /\(unable to verify the first certificate\): give/],
  ['is signed by another', certificate('l').tls, { ca }, 'CERTIFICATE_NOT_TRUSTED', /is not to be trusted/],
] as const) {
  test(`a listener whose certificate ${what} is not connected to`, bounded, async () => {
    await using house = await scheduler({ tls });
    const { url } = house.listener;

    await assert.rejects(dial(url, { tls: options }), (error: HeddleError & { address?: string }) => {
      assert.equal(error.code, code);
      assert.ok(error.message.startsWith(`the certificate of ${url} `), error.message);
      assert.match(error.message, text);
      assert.deepEqual([error.address, error.cause instanceof Error], [url, true]);
      return true;
    });
  });
}

test(
  'who speaks plainly to a listener that encrypts is told what to try, and so is the listener [D162]',
  bounded,
  async () => {
    const news = Promise.withResolvers<string>();
    await using house = await scheduler({ tls: loom, onRefused: news.resolve });
    const url = house.listener.url.replace('wss:', 'ws:');

    await assert.rejects(dial(url), {
      code: 'CONNECTION_FAILED',
      message:
        `${url} hung up before it said anything: it speaks TLS (use "wss:" then), or it was just stopped (try again ` +
        'when it is back), or too many connections wait there to be introduced (its log says so then; try again in ' +
        '10 s), or it may open no more files (ulimit -n there)',
    });
    assert.match(await news.promise, /^refused a connection from .*: it does not speak TLS as we do \(ERR_SSL_/);
  },
);

test('who does not trust a listener has hung up there, and the listener says so', bounded, async () => {
  const news = Promise.withResolvers<string>();
  await using house = await scheduler({ tls: loom, onRefused: news.resolve });

  await assert.rejects(dial(house.listener.url), { code: 'CERTIFICATE_NOT_TRUSTED' });

  assert.match(
    await news.promise,
    /: it hung up during the TLS handshake: perhaps it does not trust our certificate \(ECONNRESET\)$/,
  );
});

for (const [when, facts] of [
  ['has expired', expired],
  ['is not valid yet', { validFrom: 1, validTo: 2 }],
] as const) {
  test(`a listener whose certificate ${when} says so where others hang up`, bounded, async () => {
    const news = Promise.withResolvers<string>();
    const { tls } = certificate('l', { by: authority, ...facts });
    await using house = await scheduler({ tls, onRefused: news.resolve });

    await assert.rejects(dial(house.listener.url, { tls: { ca: authority.tls.cert } }), {
      code: 'CERTIFICATE_EXPIRED',
    });

    const told = `: it hung up during the TLS handshake: our certificate ${when}: renew it, and check the clock here`;
    assert.match(await news.promise, new RegExp(told));
  });
}

test('who speaks TLS to a listener that does not is told what to try', bounded, async () => {
  await using house = await scheduler();

  await assert.rejects(dial(house.listener.url.replace('ws:', 'wss:')), {
    code: 'NOT_A_HEDDLE_ADDRESS',
    message: /it does not speak TLS \(try "ws:" instead of "wss:"\)/,
  });
});

test(
  'with an authority for clients, who shows a certificate of it comes in and must know the token',
  bounded,
  async () => {
    await using house = await scheduler({ tls: { ...loom, ca } });
    const { url } = house.listener;

    const worker = await dial(url, { tls: { ca, ...ada } });
    await assert.rejects(dial(url, { token: 'guess', tls: { ca, ...ada } }), { code: 'WRONG_TOKEN' });

    await worker.close();
  },
);

for (const [what, shown, reason, text] of [
  ['none', {}, 'none', /wants to see a certificate: give yours, as --tls-cert and --tls-key/],
  [
    'one of an authority that is not known there',
    certificate('eve', { by: certificate('Moth', { isAuthority: true }) }).tls,
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    /does not accept our certificate \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): give one/,
  ],
  ['one that has expired', certificate('eve', { by: authority, ...expired }).tls, 'CERT_HAS_EXPIRED', /valid now/],
] as const) {
  test(`with an authority for clients, who shows ${what} gets nothing, and both ends say why`, bounded, async () => {
    const news = Promise.withResolvers<string>();
    await using house = await scheduler({ tls: { ...loom, ca }, onRefused: news.resolve });
    const { url } = house.listener;

    await assert.rejects(dial(url, { tls: { ca, ...shown } }), (error: HeddleError & { reason?: string }) => {
      assert.deepEqual([error.code, error.reason], ['CLIENT_CERTIFICATE_REFUSED', reason]);
      assert.match(error.message, text);
      return true;
    });
    assert.match(
      await news.promise,
      /^refused a connection from 127\.0\.0\.1: (no certificate|the certificate) (was )?shown/,
    );
  });
}

for (const [what, tls, code, text] of [
  ['a key of another certificate', { cert: loom.cert, key: ada.key }, 'CERTIFICATE_INVALID', /key is not that of the/],
  [
    'a key that is locked',
    { cert: loom.cert, key: locked(loom.key) },
    'CERTIFICATE_INVALID',
    /passphrase is missing or/,
  ],
  [
    'a certificate that cannot be read',
    { ...loom, cert: '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n' },
    'CERTIFICATE_INVALID',
    /^option 'cert' of tls of listen cannot be read: /,
  ],
  [
    'an authority that cannot be read',
    { ...loom, ca: '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n' },
    'CERTIFICATE_INVALID',
    /^option 'ca' of tls of listen cannot be read: /,
  ],
  [
    'a key that cannot be read',
    { ...loom, key: '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n' },
    'CERTIFICATE_INVALID',
    /^option 'key' of tls of listen, or a certificate after a first one, cannot be read: /,
  ],
  [
    'a path',
    { ...loom, cert: '/etc/loom.pem' },
    'INVALID_OPTION',
    /^option 'cert' of tls of listen should be what stands in a PEM file, .* got '\/etc\/loom\.pem'$/,
  ],
  [
    'a certificate without its key',
    { cert: loom.cert },
    'INVALID_OPTION',
    /'cert' of tls of listen needs 'key' beside it/,
  ],
  ['no certificate', { ca }, 'INVALID_OPTION', /should have 'cert' and 'key': a listener shows who it is/],
  ['another name', { ...loom, certificate: loom.cert }, 'UNKNOWN_OPTION', /no option 'certificate'/],
] as const) {
  test(`a listener is not started with ${what}`, bounded, async () => {
    await assert.rejects(scheduler({ tls: tls as ServerTlsOptions }), { name: 'TypeError', code, message: text });
  });
}

test('a locked key opens with its passphrase', bounded, async () => {
  const tls = { cert: loom.cert, key: locked(loom.key), passphrase: 'shuttle' };
  await using house = await scheduler({ tls });

  const worker = await dial(house.listener.url, { tls: { ca } });

  await worker.close();
});

test('who connects is told of files that do not fit before anything is opened', async () => {
  const tls: TlsOptions = { cert: ada.cert, key: loom.key };

  await assert.rejects(dial('wss://127.0.0.1:1', { tls }), { name: 'TypeError', code: 'CERTIFICATE_INVALID' });
});

function locked(key: string): string {
  const lock = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'shuttle' } as const;
  return createPrivateKey(key).export(lock) as string;
}
