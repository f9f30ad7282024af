// The name of a flow run can change while it runs, also on a worker. The new name travels as a line of the log, so that
// it arrives after all lines that were written before it, and before all that are written later.

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
