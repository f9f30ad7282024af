// Who comes in: whoever knows the token and, where that is asked for, shows a certificate of the right authority.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** Why a request is not carried out, in the terms of HTTP. */
export interface Objection {
  readonly status: 401 | 403;
  readonly code: 'WRONG_TOKEN' | 'CLIENT_CERTIFICATE_REFUSED';
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the log of the listener. */
  readonly why: string;
}

/** Names the reason to the program at the other end. */
export const reasonHeader = 'heddle-reason';

interface Demands {
  readonly token: string;
  readonly wantsCertificate: boolean;
}

export class Doorkeeper {
  readonly #expected: Buffer;
  readonly #wantsCertificate: boolean;

  constructor({ token, wantsCertificate }: Demands) {
    this.#expected = digest(`Bearer ${token}`);
    this.#wantsCertificate = wantsCertificate;
  }

  /** What is wrong with a request, if it asks for what only those may have who know the token. */
  objection(request: IncomingMessage): Objection | undefined {
    return this.certificateObjection(request) ?? this.#tokenObjection(request);
  }

  /** What is wrong with where it comes from, whatever it asks for. */
  certificateObjection({ socket }: IncomingMessage): Objection | undefined {
    if (!this.#wantsCertificate || !(socket instanceof TLSSocket) || socket.authorized) return undefined;
    // Node says UNABLE_TO_GET_ISSUER_CERT also of one that has none at all.
    const hasNone = Object.keys(socket.getPeerCertificate()).length === 0;
    const reason = hasNone ? 'none' : String(socket.authorizationError);
    const problem = hasNone ? 'no certificate was shown' : `the certificate shown is not accepted here (${reason})`;
    return {
      status: 403,
      code: 'CLIENT_CERTIFICATE_REFUSED',
      message: `${problem}: connect with one that is signed by an authority known here`,
      headers: { [reasonHeader]: reason },
      why: problem,
    };
  }

  #tokenObjection({ headers: { authorization: given } }: IncomingMessage): Objection | undefined {
    const isKnown =
      given !== undefined && timingSafeEqual(digest(given.replace(/^bearer +/i, 'Bearer ')), this.#expected);
    if (isKnown) return undefined;
    const problem = given === undefined ? 'no token was given' : 'the token given is not the one expected here';
    return {
      status: 401,
      code: 'WRONG_TOKEN',
      message: `${problem}: send the header "authorization: Bearer <token>"`,
      headers: { 'www-authenticate': 'Bearer realm="heddle"' },
      why: problem,
    };
  }
}

/** Digests are of one length, so comparing them tells nothing about the token, not even its length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
