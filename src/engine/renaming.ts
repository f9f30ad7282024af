// The name of a flow run can change while it runs, also on a worker. The news of it is a line of the log: so it comes
// to where the flow was started behind all that was written before it, and ahead of all that is written after.

import type { LogRecord } from '../lib/log-record.ts';
import type { LogSource } from './logger.ts';
import { withoutSecrets } from './secrets.ts';

/** The line that gives the flow run a name. It is written whatever the level; the log of the run may leave it out. */
export function renaming(name: string, source: LogSource): LogRecord & { readonly renamedTo: string } {
  const renamedTo = withoutSecrets(name);
  return {
    time: Date.now(),
    level: 'info',
    message: `the flow run is called '${renamedTo}' now`,
    ...source,
    renamedTo,
  };
}
