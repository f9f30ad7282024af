// The command line over encrypted connections, with certificates in files; and where a token must not be seen.

import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { certificate } from '../comm/certificates.ts';
import { heddle } from './process.ts';

const bounded = { timeout: 60_000 };
const script = 'test/cli/script.fixture.ts';
const folder = mkdtempSync(join(tmpdir(), 'heddle-tls-'));
after(() => rmSync(folder, { recursive: true }));

const authority = certificate('Loom authority', { isAuthority: true });
const ca = inFile('ca.pem', authority.tls.cert);
const [loom, ada, eve] = ['loom', 'ada', 'eve'].map((name) => {
  const { cert, key } = certificate(name, name === 'eve' ? {} : { by: authority }).tls;
  return ['--tls-cert', inFile(`${name}.pem`, cert), '--tls-key', inFile(`${name}.key`, key)];
}) as [string[], string[], string[]];

test('a flow runs on a scheduler and a worker that show each other certificates', bounded, async () => {
  const env = { HEDDLE_TOKEN: 'selvedge' };
  await using scheduler = heddle(['scheduler', '--listen', '0', ...loom, '--tls-ca', ca], env);
  const url = /wss:\/\/\S+?:\d+/.exec(await scheduler.line(/listening at/))![0];
  const needed = String.raw`wss://127\.0\.0\.1:\d+ --tls-ca FILE --tls-cert FILE --tls-key FILE \(and the same HEDDLE_TOKEN\)`;
  await scheduler.line(new RegExp(`heddle run FILE --scheduler ${needed}`));
  await scheduler.line(new RegExp(`start a worker with: heddle worker ${needed}`));
  await using worker = heddle(['worker', url, '--name', 'ada', ...ada, '--tls-ca', ca], env);
  await worker.line(/joined wss:.* as 'ada'/);

  await using program = heddle(['run', script, '--scheduler', url, ...ada, '--tls-ca', ca], env);
  await using stranger = heddle(['worker', url, ...eve, '--tls-ca', ca], env);
  await using trusting = heddle(['worker', url, ...ada], env);

  await program.line(/connected to wss:\S+: 1 worker with 1 thread$/);
  await program.line(/greet @ada \| greeting/);
  assert.equal(await program.status(), 0);
  await stranger.line(
    /does not accept our certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\).*\[CLIENT_CERTIFICATE_REFUSED\]/,
  );
  await trusting.line(/is not to be trusted .*--tls-ca.*\[CERTIFICATE_NOT_TRUSTED\]/);
  assert.deepEqual([await stranger.status(), await trusting.status()], [1, 1]);
  await scheduler.line(
    /refused a connection from 127\.0\.0\.1: the certificate shown is not accepted here \(DEPTH_ZERO/,
  );
});

test('heddle run listens encrypted for a worker that trusts it', bounded, async () => {
  const env = { HEDDLE_TOKEN: 'selvedge' };
  await using program = heddle(['run', script, '--listen', '0', ...loom], env);
  const url = /wss:\/\/\S+?:\d+/.exec(await program.line(/heddle worker wss:/))![0];

  await using worker = heddle(['worker', url, '--name', 'ada', '--tls-ca', ca], env);

  await worker.line(/joined wss:/);
  assert.equal(await program.status(), 0);
});

test('a locked key opens with HEDDLE_TLS_PASSPHRASE', bounded, async () => {
  const lock = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'shuttle' } as const;
  const locked = createPrivateKey(readFileSync(loom[3]!)).export(lock) as string;
  const files = [...loom.slice(0, 3), inFile('locked.key', locked)];
  const env = { HEDDLE_TOKEN: 'selvedge', HEDDLE_TLS_PASSPHRASE: 'shuttle' };

  await using scheduler = heddle(['scheduler', '--listen', '0', ...files], env);

  await scheduler.line(/listening at wss:/);
});

test('a certificate for an address that is not encrypted is wrong usage', bounded, async () => {
  const address = ['ws://127.0.0.1:9', '--token', 'x', '--tls-ca', ca];
  await using worker = heddle(['worker', ...address]);
  await using program = heddle(['run', script, '--scheduler', ...address]);

  for (const each of [worker, program]) {
    await each.line(/--tls-ca is for an encrypted connection, .* wss:\/\/; got ws:\/\/127\.0\.0\.1:9 \[BAD_ADDRESS\]/);
    assert.equal(await each.status(), 2);
  }
});

for (const [what, args, message] of [
  [
    'that is not there',
    ['--tls-ca', join(folder, 'no.pem')],
    /--tls-ca: .*no\.pem cannot be read: there is no such file/,
  ],
  ['that is a folder', ['--tls-ca', folder], /--tls-ca: \S+ cannot be read: .*EISDIR.*\[FILE_NOT_FOUND\]/],
  ['that is no PEM', ['--tls-ca', script], /--tls-ca: \S+script\.fixture\.ts is no PEM file.*\[CERTIFICATE_INVALID\]/],
  [
    'that is a torn PEM',
    ['--tls-ca', inFile('torn.pem', '-----BEGIN CERTIFICATE-----\nabc')],
    /heddle: --tls-ca cannot be read: .*\[CERTIFICATE_INVALID\]/,
  ],
  [
    'of another certificate',
    [...ada.slice(0, 3), eve[3]!],
    /--tls-cert, --tls-key, --tls-ca: the key is not that of the certificate.*\[CERTIFICATE_INVALID/,
  ],
  ['without its certificate', ada.slice(2), /heddle: --tls-key needs --tls-cert beside it/],
] as const) {
  test(`a file ${what} is wrong usage: status 2, and its name`, bounded, async () => {
    await using worker = heddle(['worker', 'wss://127.0.0.1:9', '--token', 'x', ...args]);
    await using scheduler = heddle(['scheduler', '--listen', '0', '--token', 'x', ...args]);

    for (const program of [worker, scheduler]) {
      await program.line(message);
      assert.equal(await program.status(), 2);
    }
  });
}

test('a scheduler that listens at all addresses says a command line for other machines', bounded, async () => {
  await using scheduler = heddle(['scheduler', '--listen', '0.0.0.0:0'], { HEDDLE_TOKEN: 'selvedge' });

  const line = await scheduler.line(/listening at/);

  assert.match(line, new RegExp(`heddle worker ws://${hostname()}:[1-9]\\d* `));
});

test('a token on the command line is in no process list, log or error', bounded, async () => {
  const token = 'tell-nobody-this';
  await using scheduler = heddle(['scheduler', '--listen', '0', '--token', token]);
  const url = /ws:\/\/\S+?:\d+/.exec(await scheduler.line(/listening at/))![0];
  await using worker = heddle(['worker', url, '--name', 'ada', '--token', token]);
  await worker.line(/joined ws:/);
  await using guesser = heddle(['worker', url, '--token', `${token}-not`]);
  await guesser.line(/WRONG_TOKEN/);
  await scheduler.line(/refused a connection from 127\.0\.0\.1: the token given is not the one expected here/);

  for (const program of [scheduler, worker]) {
    const listed = readFileSync(`/proc/${program.child.pid}/cmdline`, 'utf8');
    assert.match(listed, /^heddle (scheduler|worker)/);
    assert.doesNotMatch(listed, /tell-nobody/);
  }
  for (const { stdout, stderr } of [scheduler, worker, guesser]) {
    assert.doesNotMatch([...stdout, ...stderr].join('\n'), /tell-nobody/);
  }
});

function inFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
