// What a listener answers to plain HTTP: a few pages that programs watch, and else what this is.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Doorkeeper, Objection } from './doorkeeper.ts';

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
  door: Doorkeeper,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { status, contentType, body, headers } = answerTo(request, pages, door);
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

function answerTo(request: IncomingMessage, pages: Pages, door: Doorkeeper): Answer {
  const [path = ''] = (request.url ?? '').split('?');
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  const isPage = page !== undefined && (request.method === 'GET' || request.method === 'HEAD');
  const objection = isPage && !page.isPublic ? door.objection(request) : door.certificateObjection(request);
  if (objection !== undefined) return refusal(objection);
  if (isPage) return page.make();
  const message = 'this is a Heddle scheduler: it speaks WebSocket';
  const body = asBody({ code: 'UPGRADE_REQUIRED', message });
  return { status: 426, contentType: 'application/json', body, headers: { upgrade: 'websocket' } };
}

/** The answer to a request that is not let in. */
export function refusal({ status, code, message, headers }: Objection): Answer {
  return { status, contentType: 'application/json', body: asBody({ code, message }), headers };
}

function asBody(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
