// What is said when a certificate or a key is not as it should be: before anything is opened, and when the other end's
// does not pass.

import { HeddleError, UsageError } from '../lib/heddle-error.ts';
import { nodeCrypto, nodeTls } from '../lib/lazy-node.ts';
import { checkOptions, rules } from '../lib/options.ts';

/** Encryption, and who is who. Everything is the text of a PEM file, or its bytes. */
export interface TlsOptions {
  /** This end's certificate, with those between it and its authority, if any. A listener must have one. */
  readonly cert?: string | Buffer;
  /** The private key of `cert`. */
  readonly key?: string | Buffer;
  /** Of `key`, if it is encrypted. */
  readonly passphrase?: string;
  /**
   * The authorities of which one must have signed the other end's certificate. For a listener: whoever connects must
   * have one; without `ca` nobody needs one. For who connects: those that Node knows, by default.
   */
  readonly ca?: string | Buffer;
}

/** Of one who listens. */
export type ServerTlsOptions = TlsOptions & Required<Pick<TlsOptions, 'cert' | 'key'>>;

const pem = {
  expected: 'what stands in a PEM file, "-----BEGIN …" (read it with readFileSync)',
  holds: (value: unknown) => (typeof value === 'string' || Buffer.isBuffer(value)) && value.includes('-----BEGIN '),
};
const optionRules = { cert: pem, key: pem, ca: pem, passphrase: rules.anything };

/**
 * Checks the option `tls` of `owner`. Throws `UNKNOWN_OPTION`, `INVALID_OPTION`, or `CERTIFICATE_INVALID` for what is
 * no certificate, no key, or does not belong together.
 */
export function checkTls(owner: string, tls: TlsOptions): void {
  const whose = `tls of ${owner}`;
  checkOptions(whose, tls, optionRules);
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const [given, missing] = tls.cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
    const message = `option '${given}' of ${whose} needs '${missing}' beside it`;
    throw new UsageError('INVALID_OPTION', message, { owner: whose, option: missing });
  }
  const { X509Certificate } = nodeCrypto();
  const { createSecureContext } = nodeTls();
  let unread = '';
  try {
    for (const option of ['cert', 'ca'] as const) {
      unread = `option '${option}' of ${whose}`;
      if (tls[option] !== undefined) new X509Certificate(tls[option]);
    }
    unread = `option 'key' of ${whose}, or a certificate after a first one,`;
    createSecureContext(tls);
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    const problem = problemWithKey(cause);
    const message = problem === undefined ? `${unread} cannot be read: ${cause.message}` : `${whose}: ${problem}`;
    throw new UsageError('CERTIFICATE_INVALID', message, { cause });
  }
}

/** The same of one who listens, and has to show who it is. */
export function checkServerTls(owner: string, tls: TlsOptions): asserts tls is ServerTlsOptions {
  checkTls(owner, tls);
  if (tls.cert !== undefined) return;
  throw new UsageError('INVALID_OPTION', `tls of ${owner} should have 'cert' and 'key': a listener shows who it is`);
}

/** What a certificate of our own is not, if that is why others do not trust it. */
export function invalidity(cert: string | Buffer): string | undefined {
  const { validFromDate, validToDate } = new (nodeCrypto().X509Certificate)(cert);
  const now = new Date();
  if (validFromDate <= now && now <= validToDate) return undefined;
  const problem = now < validFromDate ? 'is not valid yet' : 'has expired';
  return `our certificate ${problem}: renew it, and check the clock here`;
}

function problemWithKey({ code = '', message }: NodeJS.ErrnoException): string | undefined {
  if (/KEY_VALUES?_MISMATCH/.test(code)) return 'the key is not that of the certificate: give two that belong together';
  if (/BAD_DECRYPT|INTERRUPTED_OR_CANCELLED|PASSWORD/.test(code) || message.includes('bad decrypt')) {
    return 'the key is encrypted, and its passphrase is missing or wrong';
  }
  return undefined;
}

/** What is wrong with the certificate of the listener at `address`, if that is why it could not be connected to. */
export function certificateError(
  cause: Error & { readonly code?: string; readonly cert?: { readonly subjectaltname?: string } },
  address: string,
): HeddleError | undefined {
  const { code = '' } = cause;
  if (expired.test(code)) {
    const when = code.endsWith('EXPIRED') ? 'has expired' : 'is not valid yet';
    const message = `the certificate of ${address} ${when}: renew it there, and check the clocks at both ends`;
    return new HeddleError('CERTIFICATE_EXPIRED', message, { address, cause });
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const message =
      `the certificate of ${address} is for ${cause.cert?.subjectaltname ?? 'other hosts'}: use an address that it ` +
      'names, or a certificate that names this one';
    return new HeddleError('CERTIFICATE_OF_ANOTHER_HOST', message, { address, cause });
  }
  if (!untrusted.test(code)) return undefined;
  // Node goes on about an option of its own.
  const [detail] = cause.message.split(';');
  const message =
    `the certificate of ${address} is not to be trusted (${detail}): give the authority that signed it, ` +
    'or the certificate itself if it signed itself, as --tls-ca, or tls.ca in code';
  return new HeddleError('CERTIFICATE_NOT_TRUSTED', message, { address, cause });
}

/** The listener does not take the certificate that we showed, or we showed none. */
export function clientCertificateError(reason: string, address: string): HeddleError {
  const problem =
    reason === 'none'
      ? `${address} wants to see a certificate: give yours`
      : `${address} does not accept our certificate (${reason}): give one that is valid now, and signed by an ` +
        'authority that the scheduler was given';
  const message = `${problem}, as --tls-cert and --tls-key, or tls.cert and tls.key in code`;
  return new HeddleError('CLIENT_CERTIFICATE_REFUSED', message, { address, reason });
}

/** In the words of OpenSSL. */
const expired = /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/;
const untrusted = /SELF_SIGNED_CERT|^UNABLE_TO_|^CERT_|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$/;
