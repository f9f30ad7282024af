// What a listener answers to plain HTTP: a few pages that programs watch, and else what this is.

import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Page {
  /** Whether it is for those who do not know the token, too. */
  readonly isPublic: boolean;
  readonly make: () => { readonly status: number; readonly contentType: string; readonly body: string };
}

/** By path. */
export type Pages = Readonly<Record<string, Page>>;

type Answer = ReturnType<Page['make']> & { readonly headers?: Readonly<Record<string, string>> };

export function pageServer(
  pages: Pages,
  problemWith: (request: IncomingMessage) => string | undefined,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { status, contentType, body, headers } = answerTo(request, pages, problemWith);
    const length = Buffer.byteLength(body);
    response.writeHead(status, {
      'content-type': contentType,
      'content-length': length,
      connection: 'close',
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

function answerTo(
  request: IncomingMessage,
  pages: Pages,
  problemWith: (request: IncomingMessage) => string | undefined,
): Answer {
  const [path = ''] = (request.url ?? '').split('?');
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
    const message = 'this is a Heddle scheduler: it speaks WebSocket';
    return failure(426, { code: 'UPGRADE_REQUIRED', message }, { upgrade: 'websocket' });
  }
  const problem = page.isPublic ? undefined : problemWith(request);
  if (problem === undefined) return page.make();
  return failure(401, wrongToken(problem), challenge);
}

export const challenge = { 'www-authenticate': 'Bearer realm="heddle"' };

export function wrongToken(problem: string): { code: string; message: string } {
  return { code: 'WRONG_TOKEN', message: `${problem}: send the header "authorization: Bearer <token>"` };
}

export function asBody(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function failure(status: number, body: object, headers: Readonly<Record<string, string>>): Answer {
  return { status, contentType: 'application/json', body: asBody(body), headers };
}
