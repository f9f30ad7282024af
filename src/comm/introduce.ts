import { HeddleError } from '../lib/heddle-error.ts';
import { version } from '../lib/version.ts';
import { protocolVersion, type Hello, type Refused, type Welcome } from '../protocol/messages.ts';
import type { Comm, CommHandlers } from './comm.ts';

/**
 * Says hello on a fresh comm and listens to it. Resolves when the scheduler welcomes us; what it says after that goes
 * to
 * `handlers`. Rejects with the scheduler's reason when it does not, or `CONNECTION_LOST` when the comm closes first.
 */
export async function introduce<In extends { readonly type: string }, Out>(
  comm: Comm<In | Welcome | Refused, Out | Hello>,
  { role, name, threads }: Pick<Hello, 'role' | 'name' | 'threads'>,
  handlers: CommHandlers<In>,
): Promise<void> {
  const answer = Promise.withResolvers<void>();
  let isWelcome = false;
  comm.listen({
    message: (message) => {
      if (isWelcome) return handlers.message(message as In);
      if (message.type === 'welcome') {
        isWelcome = true;
        return answer.resolve();
      }
      const { code, message: reason } = message as Refused;
      answer.reject(new HeddleError(code ?? 'PROTOCOL_VIOLATION', reason ?? `expected welcome, got ${message.type}`));
    },
    seen: () => handlers.seen(),
    closed: (closed) => {
      if (isWelcome) return handlers.closed(closed);
      const message = `${comm.peer} closed the connection before it let us in: ${closed.reason}`;
      answer.reject(new HeddleError('CONNECTION_LOST', message, { address: comm.peer }));
    },
  });
  const { node } = process.versions;
  comm.send({ type: 'hello', role, protocol: protocolVersion, heddle: version, node, name, threads });
  await answer.promise;
}
