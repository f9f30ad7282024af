import { HeddleError } from '../lib/heddle-error.ts';
import type { ErrorFacts } from '../lib/heddle-error.ts';
import { certificateError } from './tls.ts';

/** Why an address could not be connected to, and what to do about it. */
export function connectionError(
  cause: Error & { readonly code?: string; readonly rawPacket?: Buffer },
  address: string,
): HeddleError {
  const { code = '' } = cause;
  const wrongCertificate = certificateError(cause, address);
  if (wrongCertificate !== undefined) return wrongCertificate;
  if (code === 'ECONNREFUSED') {
    const port = /^wss?:\/\/(?:\[[^\]]*\]|[^/:]*)\/?$/.test(address)
      ? ' (it names no port; that of Heddle is 8786)'
      : '';
    const message = `nobody listens at ${address}${port}: start a scheduler there, or check host and port`;
    return new HeddleError('CONNECTION_REFUSED', message, { address, cause });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const message = `no host is known by the name in ${address}: check its spelling, and this machine's name server`;
    return new HeddleError('HOST_NOT_FOUND', message, { address, cause });
  }
  if (code === 'ETIMEDOUT') {
    const message = `${address} did not answer in time: check host, port and firewall`;
    return new HeddleError('CONNECTION_TIMEOUT', message, { address, cause });
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return notHeddle(address, 'it does not speak TLS (try "ws:" instead of "wss:")', { cause });
  }
  if (cause.rawPacket?.[0] === tlsAlert) {
    return notHeddle(address, 'it speaks TLS (try "wss:" instead of "ws:")', { cause });
  }
  // Of a listener that may open no more files, libuv accepts what comes and closes it, and not even Node hears of that.
  if (code === 'ECONNRESET' && address.startsWith('ws:')) {
    const message =
      `${address} hung up before it said anything: it speaks TLS (use "wss:" then), or it was just stopped (try ` +
      'again when it is back), or too many connections wait there to be introduced (its log says so then; try again ' +
      'in 10 s), or it may open no more files (ulimit -n there)';
    return new HeddleError('CONNECTION_FAILED', message, { address, cause });
  }
  if (isHandshakeError(code)) return notHeddle(address, `its answer was no handshake: ${cause.message}`, { cause });
  return new HeddleError('CONNECTION_FAILED', `cannot connect to ${address}: ${cause.message}`, { address, cause });
}

/** The first byte of what somebody says who expects TLS and gets something else. */
const tlsAlert = 0x15;

/** Somebody answers at the address, and it is no scheduler. */
export function notHeddle(address: string, evidence: string, facts: ErrorFacts): HeddleError {
  const message = `${address} is no Heddle scheduler: ${evidence}. Check host and port`;
  return new HeddleError('NOT_A_HEDDLE_ADDRESS', message, { address, ...facts });
}

/** HTTP that does not parse, or (without any code) a handshake that ws refused. */
function isHandshakeError(code: string): boolean {
  return code === '' || code.startsWith('HPE_') || code.startsWith('WS_ERR_');
}
