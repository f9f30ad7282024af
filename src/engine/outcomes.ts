// Outcomes of task runs, as they travel: many successes in one column, without a state object for each; everything else
// as records beside them. The first byte says which of these a block has. The next twenty count what did not simply
// succeed, so that nobody has to open a block to count.

import { HeddleError } from '../lib/heddle-error.ts';
import { blockKinds, blockHeadBytes, type Crash, describeLoss, type Loss, notStartedAdvice } from '../lib/chunk.ts';
import { decodeColumn, decodeValue, encodeColumn, encodeValue } from '../values/encode.ts';
import { attachmentsOf } from '../lib/attachments.ts';
import { unreachable } from '../lib/unreachable.ts';
import type { UnknownTypes, Writing } from '../values/copier.ts';
import type { ErrorRecord, ThrownRecord } from '../values/error-record.ts';
import { encodeThrown } from '../values/thrown.ts';
import { decodeThrown } from '../values/thrown-again.ts';
import { State, success, type StateType } from '../flow/state.ts';

/** The outcomes of a run of indices. `states` is absent when all of them succeeded. */
export interface Outcomes {
  readonly values: readonly unknown[];
  readonly states: readonly (State | undefined)[] | undefined;
}

/** How many outcomes of a block did not simply succeed. */
export interface OutcomeCounts {
  readonly failed: number;
  /** Those of the failed whose trigger did not hold, mostly since something before them had failed. */
  readonly triggerFailed: number;
  readonly skipped: number;
  readonly unfinished: number;
  /** Those whose result was found in a cache or at a target, so that the function was not called. */
  readonly cached: number;
}

interface StateRecord {
  readonly position: number;
  readonly type: StateType;
  /** Absent when it is the text of the error, which then is not at the beginning of its stack either. */
  readonly message?: string;
  readonly error?: ThrownRecord;
  readonly expiresAt?: number;
}

/** The first bytes of a block that is a column of successes. */
export const succeededHead: readonly number[] = [blockKinds.succeeded];
const none: OutcomeCounts = { failed: 0, triggerFailed: 0, skipped: 0, unfinished: 0, cached: 0 };
const crash: OutcomeCounts = { ...none, failed: 1 };

/** Bytes of the outcomes; where `states` has one for a position, it stands instead of the value. */
export function encodeOutcomes(
  values: readonly unknown[],
  states: ReadonlyMap<number, State>,
  writing?: Writing,
): Uint8Array {
  if (states.size === 0) return encodeColumn(values, succeededHead, writing);
  return packOutcomes(encodeColumn(values, [], writing), states);
}

/** The same for values that are a column of bytes already; there must be a state. */
export function packOutcomes(column: Uint8Array, states: ReadonlyMap<number, State>): Uint8Array {
  const records = [...states].map(([position, state]): StateRecord => {
    const { type, message, error, expiresAt } = state;
    return {
      position,
      type,
      ...(error === undefined ? { message } : toldOnce(message, encodeThrown(error))),
      ...(expiresAt !== undefined && { expiresAt }),
    };
  });
  const body = encodeValue([records, column]);
  const header = new Uint8Array(blockHeadBytes);
  header[0] = blockKinds.mixed;
  const counts = count([...states.values()]);
  const view = new DataView(header.buffer);
  view.setUint32(1, counts.failed);
  view.setUint32(5, counts.skipped);
  view.setUint32(9, counts.unfinished);
  view.setUint32(13, counts.cached);
  view.setUint32(17, counts.triggerFailed);
  return join(header, body);
}

/** Most failures have the same text as message, in their error, and before its stack, and it may be long. */
function toldOnce(message: string, error: ThrownRecord): Pick<StateRecord, 'message' | 'error'> {
  const isSame = error.kind === 'error' && message === textOf(error) && error.stack.startsWith(message);
  return isSame ? { error: { ...error, stack: error.stack.slice(message.length) } } : { message, error };
}

function toldAgain({ message, error }: Pick<StateRecord, 'message' | 'error'>) {
  if (message !== undefined || error?.kind !== 'error') return { message: message ?? '', error };
  const text = textOf(error);
  return { message: text, error: { ...error, stack: `${text}${error.stack}` } };
}

function textOf({ name, message }: ErrorRecord): string {
  return `${name}: ${message}`;
}

export interface OutcomesReading {
  /** The map index to name for a crash, when the array is that of a mapped task. */
  readonly mapIndex?: number | undefined;
  readonly unknownTypes?: UnknownTypes | undefined;
  /** Whether nobody else will read the bytes: then values may take over the memory that came beside them. */
  readonly isForKeeps?: boolean;
}

export function decodeOutcomes(
  bytes: Uint8Array,
  { mapIndex, unknownTypes, isForKeeps }: OutcomesReading = {},
): Outcomes {
  const attached = attachmentsOf(bytes);
  const reading = { unknownTypes, attached: attached && isForKeeps ? { ...attached, isForKeeps } : attached };
  switch (bytes[0]) {
    case blockKinds.succeeded:
      return { values: decodeColumn(bytes.subarray(1), reading), states: undefined };
    case blockKinds.crashed:
      return { values: [undefined], states: [crashed(readCrash(bytes), mapIndex)] };
    case blockKinds.mixed: {
      const [records, column] = decodeValue(bytes.subarray(blockHeadBytes)) as [StateRecord[], Uint8Array];
      const values = decodeColumn(column, reading);
      const states = Array.from<State | undefined>({ length: values.length });
      for (const { position, type, expiresAt, ...told } of records) {
        const hasResult = type === 'Success' || type === 'Cached';
        const { message, error } = toldAgain(told);
        states[position] = new State(type, message, {
          ...(hasResult && { result: values[position] }),
          ...(error !== undefined && { error: decodeThrown(error) }),
          ...(expiresAt !== undefined && { expiresAt }),
        });
      }
      return { values, states };
    }
    default:
      throw unknownBlock(bytes);
  }
}

/** Throws `UNKNOWN_VALUE_CODEC` for bytes that no engine of this version made. */
export function countOutcomes(bytes: Uint8Array): OutcomeCounts {
  if (bytes[0] === blockKinds.succeeded) return none;
  if (bytes[0] === blockKinds.crashed) return crash;
  if (bytes[0] !== blockKinds.mixed || bytes.length < blockHeadBytes) throw unknownBlock(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, blockHeadBytes);
  return {
    failed: view.getUint32(1),
    skipped: view.getUint32(5),
    unfinished: view.getUint32(9),
    cached: view.getUint32(13),
    triggerFailed: view.getUint32(17),
  };
}

export function stateAt({ values, states }: Outcomes, position: number): State {
  return states?.[position] ?? success(values[position]);
}

function count(states: readonly State[]): OutcomeCounts {
  return {
    failed: states.filter((state) => state.isFailed()).length,
    triggerFailed: states.filter(({ type }) => type === 'TriggerFailed').length,
    skipped: states.filter((state) => state.isSkipped()).length,
    unfinished: states.filter((state) => !state.isFinished()).length,
    // A result that was stored for later runs is Cached too, but its function was called.
    cached: states.filter((state) => state.isCached() && state.runCount === 0).length,
  };
}

function unknownBlock(bytes: Uint8Array): HeddleError {
  const first = bytes[0] ?? 'nothing';
  const message = `a block of outcomes begins with ${first}, which this version of Heddle does not know`;
  return new HeddleError('UNKNOWN_VALUE_CODEC', message, { codec: bytes[0] });
}

function readCrash(bytes: Uint8Array): Crash {
  return JSON.parse(Buffer.from(bytes.subarray(1)).toString()) as Crash;
}

function crashed(crash: Crash, mapIndex: number | undefined): State {
  const { task, losses, worker, loss, lastLines = [] } = crash;
  const what = crashText(crash, mapIndex);
  const message = lastLines.length === 0 ? what : `${what}\nIts last lines in the log:\n  ${lastLines.join('\n  ')}`;
  // The loss's own message is part of ours, which it must not replace.
  const { message: told = '', stack, ...how } = loss ?? {};
  const cause = stack === undefined ? undefined : uncaught(told, stack);
  const place = { ...(mapIndex !== undefined && { mapIndex }), ...(worker && { worker }) };
  const facts = { task, losses, ...place, ...how, ...(lastLines.length > 0 && { lastLines }), ...(cause && { cause }) };
  const error = new HeddleError('TASK_RUN_CRASHED', message, facts);
  return new State('Crashed', message, { error });
}

function crashText({ task, losses, worker, loss, isFinal }: Crash, mapIndex: number | undefined): string {
  const run = `task '${task}'${mapIndex === undefined ? '' : ` [map index ${mapIndex}]`}`;
  const how = `${worker === undefined ? '' : ` on ${worker}`}: ${describeLoss(loss)}.`;
  const again = `It is not run again, because its task says onWorkerLost: 'crash'`;
  if (isFinal && loss?.kind === 'not-started') return `${run} was not begun${how} ${adviceFor(loss)}. ${again}.`;
  const end = missingFor(loss);
  if (isFinal)
    return `${run} may have run when the means to run it were lost${how} ${again}; look what it has done.${end}`;
  const times = losses === 1 ? 'once' : `${losses} times`;
  return `${run} was given up after the means to run it were lost ${times}; last${how} ${adviceFor(loss)}.${end}`;
}

/** The error that ended the thread, as far as more than its text arrived. */
function uncaught(message: string, stack: string): Error {
  const [name = 'Error'] = /^[\w$]+(?=: )/.exec(stack) ?? [];
  return Object.assign(new Error(message), { name, stack });
}

function adviceFor(loss: Loss = { kind: 'worker-left' }): string {
  const again = 'The same inputs will most likely do it again: ';
  switch (loss.kind) {
    case 'not-started':
      return notStartedAdvice;
    case 'error': {
      const remedy = 'await or return every promise, and catch what a timer or a listener throws';
      if (loss.leftBy !== undefined) return `In that task, ${remedy}`;
      const where =
        'a worker imports the module of a task, so let no server listen there but behind if (import.meta.main)';
      if (loss.message?.startsWith('listen E') === true) return `${again}${where}`;
      return `${again}${remedy}`;
    }
    case 'exit':
      return `${again}look for what calls process.exit()`;
    case 'out-of-memory':
    case 'worker-memory':
      return `${again}look for what fills the memory`;
    case 'timeout':
      return `${again}look for what keeps its thread busy for longer than the timeout`;
    case 'cancelled':
    case 'worker-left':
      return `${again}look for what ends the process or fills the memory`;
    default:
      return unreachable(loss.kind);
  }
}

/** Lines of a thread that ended are still in its process; those of a process that ended are gone. */
function missingFor(loss: Crash['loss']): string {
  const isWorkerLost = loss === undefined || loss.kind === 'worker-left';
  return isWorkerLost ? ' What it wrote just before that may be missing from the log.' : '';
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
