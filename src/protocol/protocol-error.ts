import { HeddleError } from '../lib/heddle-error.ts';
import type { ErrorFacts } from '../lib/heddle-error.ts';

/**
 * The other end sent what the protocol does not allow. The comm that it came over is closed; nothing else is harmed.
 */
export class ProtocolError extends HeddleError {
  constructor(message: string, facts: ErrorFacts = {}) {
    super('PROTOCOL_VIOLATION', message, facts);
  }
}
