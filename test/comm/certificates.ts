// Certificates as tests want them, made on the spot: X.509 with keys on P-256, written in DER by hand.

import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface Certificate {
  /** As PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly name: string;
  readonly privateKey: KeyObject;
}

interface CertificateFacts {
  /** Who signs it; itself, if nobody does. */
  readonly by?: Certificate;
  readonly hosts?: readonly string[];
  readonly isAuthority?: boolean;
  /** In days from now. */
  readonly validFrom?: number;
  readonly validTo?: number;
}

export function certificate(name: string, facts: CertificateFacts = {}): Certificate {
  const { hosts = ['localhost', '127.0.0.1'], isAuthority = false, validFrom = -1, validTo = 1 } = facts;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = facts.by ?? { name, privateKey };
  const constraints = extension('551d13', sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : [])));
  const names = hosts.map((host) => {
    const address = /^\d+(\.\d+){3}$/.test(host) ? Buffer.from(host.split('.').map(Number)) : undefined;
    return address === undefined ? der(0x82, Buffer.from(host)) : der(0x87, address);
  });
  const body = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(signer.name),
    sequence(time(validFrom), time(validTo)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(constraints, ...(isAuthority ? [] : [extension('551d11', sequence(...names))]))),
  );
  const signature = sign('sha256', body, signer.privateKey);
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const base64 = whole.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  const cert = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  return { tls: { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }, name, privateKey };
}

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

function nameOf(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))));
}

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(text));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, body: Buffer): Buffer {
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}
