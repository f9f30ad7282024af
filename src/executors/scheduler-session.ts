// A flow run as a client of a scheduler: arrays go there in messages, outcomes come back.

import { notAddressable } from '../code/not-loaded.ts';
import { bundleOf, changedSince, withBundle } from '../code/bundle/bundle.ts';
import type { Reference } from '../code/registry.ts';
import type { Comm } from '../comm/comm.ts';
import { introduce } from '../comm/introduce.ts';
import { currentRun } from '../engine/context.ts';
import type { ArrayListener, ArrayRequest, Session, SessionListener } from '../engine/flow-run/executor.ts';
import { byteLengthOf } from '../lib/attachments.ts';
import { blockKinds, type CodeAddress } from '../lib/chunk.ts';
import { formatDuration } from '../lib/duration.ts';
import { HeddleError } from '../lib/heddle-error.ts';
import { noTraits } from '../lib/placing.ts';
import { plural } from '../lib/plural.ts';
import { unreachable } from '../lib/unreachable.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { FromClient, ToClient } from '../protocol/messages.ts';
import { ownClose } from '../scheduler/losses.ts';
import { Takings } from './takings.ts';

export interface SessionOptions extends Pick<Session, 'sharesMemory' | 'importsModules' | 'takesCaptures'> {
  /** For the scheduler's people: who this client is. */
  readonly name: string;
  /** Closed when the session is disposed of, last first. */
  readonly owned: readonly AsyncDisposable[];
}

/** Introduces a client to the scheduler behind `comm`. Rejects when it refuses. */
export async function openSession(
  comm: Comm<ToClient, FromClient>,
  listener: SessionListener,
  options: SessionOptions,
): Promise<Session> {
  const session = new SchedulerSession(comm, listener, options);
  // A flow run that a task starts may well wait for the very thread that this task has.
  const within = currentRun()?.flowRunName;
  await introduce<ToClient, FromClient>(
    comm,
    { role: 'client', name: options.name, threads: 0, ...(within !== undefined && { within }) },
    {
      message: (message) => {
        try {
          session.hear(message);
        } catch (error) {
          // Whoever sent this is no scheduler of ours: nothing that it says can be believed.
          listener.lost(error instanceof Error ? error : new Error(String(error)));
        }
      },
      quiet: (silence) => session.quiet(silence),
      closed: ({ reason }) => session.closed(reason),
    },
  );
  return session;
}

class SchedulerSession implements Session {
  readonly sharesMemory: boolean;
  readonly importsModules: boolean;
  readonly takesCaptures: boolean;
  readonly #comm: Comm<ToClient, FromClient>;
  readonly #listener: SessionListener;
  readonly #options: SessionOptions;
  readonly #arrays = new Map<number, ArrayListener>();
  readonly #codes = new Map<number, CodeAddress>();
  readonly #sentBundles = new Set<string>();
  /** Bundles whose files are looked at, whether they are as they were. */
  readonly #lookedAt = new Set<string>();
  /** Resolves when the scheduler says that nothing of ours runs any more, after a cancel. */
  readonly #idle = Promise.withResolvers<void>();
  readonly #takings: Takings;
  #nextArray = 1;
  #isClosing = false;

  constructor(comm: Comm<ToClient, FromClient>, listener: SessionListener, options: SessionOptions) {
    this.#comm = comm;
    this.#listener = listener;
    this.#options = options;
    this.sharesMemory = options.sharesMemory;
    this.importsModules = options.importsModules;
    this.takesCaptures = options.takesCaptures;
    this.#takings = new Takings(comm);
  }

  objection(reference: Reference): Error | undefined {
    return this.importsModules && reference.module === undefined ? notAddressable(reference) : undefined;
  }

  submit({ timeoutMs, given, code, resource, placing, ...request }: ArrayRequest, listener: ArrayListener): number {
    const array = this.#nextArray++;
    this.#arrays.set(array, listener);
    if (code !== undefined) this.#codes.set(array, code);
    const submission = {
      ...request,
      array,
      priority: 0,
      ...placing,
      // Whoever runs a flow on this thread wants all of it to run here.
      ...(!this.importsModules && { needs: noTraits }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(code !== undefined && { code: this.#bundled(code) }),
      ...(given !== undefined && { given }),
      ...(resource !== undefined && { resource }),
    };
    this.#comm.send({ type: 'submit', arrays: [submission] });
    if (given !== undefined) queueMicrotask(() => given.forEach((block) => listener.settled(block)));
    return array;
  }

  seal(arrays: readonly number[]): void {
    if (arrays.length > 0) this.#comm.send({ type: 'seal', arrays });
  }

  release(array: number): void {
    this.#comm.send({ type: 'release', arrays: [array] });
  }

  async cancel(graceMs: number): Promise<void> {
    this.#comm.send({ type: 'cancel', graceMs });
    await this.#idle.promise;
  }

  hear(message: ToClient): void {
    switch (message.type) {
      case 'settled':
        return this.#settled(message);
      case 'block':
        return this.#takings.arrived(message);
      case 'failed':
        return this.#listener.lost(new HeddleError(message.code, message.message, { address: this.#comm.peer }));
      case 'started':
        this.#arrays.get(message.array)?.started(message.count);
        return;
      case 'logs':
        this.#listener.log(message.records);
        return;
      case 'workers':
        this.#listener.workers(message);
        return;
      case 'need-code':
        void this.#sendCode(message.array);
        return;
      case 'idle':
        this.#idle.resolve();
        return;
      case 'welcome':
      case 'refused':
        return;
      default:
        unreachable(message);
    }
  }

  /** What did not simply succeed is always wanted: it says why. */
  #settled({ array, start, count, bytes, byteLength, ran }: Extract<ToClient, { type: 'settled' }>): void {
    const listener = this.#arrays.get(array);
    if (listener === undefined) return;
    const isWanted = listener.wants(byteLength ?? byteLengthOf(bytes)) || bytes[0] !== blockKinds.succeeded;
    if (byteLength === undefined) return listener.settled({ start, count, bytes }, ran);
    if (isWanted) {
      return this.#takings.take({ array, start, byteLength, arrived: (whole) => listener.settled(whole, ran) });
    }
    this.#takings.leave({ array, start });
    listener.settled({ start, count, bytes, byteLength }, ran);
  }

  #bundled(code: CodeAddress): CodeAddress {
    const address = withBundle(code);
    const { bundle } = address;
    // Whoever imports the files themselves has them as they are.
    if (bundle === undefined || this.takesCaptures || this.#lookedAt.has(bundle)) return address;
    this.#lookedAt.add(bundle);
    // To look at thousands of files takes a while, and is for a warning only.
    setImmediate(() => {
      const changed = changedSince(bundle);
      if (changed.length > 0) this.#warn(changedFiles(changed));
    });
    return address;
  }

  /** Some worker does not have it, or would rather be sure that it is the same. */
  async #sendCode(array: number): Promise<void> {
    const address = this.#codes.get(array);
    try {
      if (address === undefined) throw new Error('its function is in no file');
      const { id, bytes, warnings } = await bundleOf(address);
      for (const message of warnings) this.#warn(message);
      this.#comm.send({ type: 'code', array, bundle: { id, ...(!this.#sentBundles.has(id) && { bytes }) } });
      this.#sentBundles.add(id);
    } catch (error) {
      const problem = messageIn(error);
      this.#warn(`${problem} (workers use a copy of their own, where they have the same)`);
      this.#comm.send({ type: 'code', array, problem });
    }
  }

  #warn(message: string): void {
    this.#listener.log([{ time: Date.now(), level: 'warn', message, once: message }]);
  }

  quiet({ silentMs, limitMs }: { readonly silentMs: number; readonly limitMs: number }): void {
    const what = `nothing was heard of the scheduler (${this.#comm.peer}) for ${formatDuration(silentMs)}`;
    const remedy = 'See whether that process runs, and whether the network between is up';
    this.#warn(`${what}; after ${formatDuration(limitMs)} this run gives it up. ${remedy}`);
  }

  closed(reason: string): void {
    this.#idle.resolve();
    if (this.#isClosing) return;
    const { peer } = this.#comm;
    const why = reason.replace(`the connection to ${peer} was lost: `, '');
    const isOurs = peer === 'this process' && reason === ownClose;
    const remedy = isOurs
      ? 'Close it when its flow runs are over: await them first.'
      : 'Start the flow run again when it is back.';
    const message = `the connection to the scheduler (${peer}) was lost: ${why}. ${remedy}`;
    this.#listener.lost(new HeddleError('SCHEDULER_LOST', message, { address: this.#comm.peer }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    // Whoever goes is rid of all that is its own there, so nothing that waits here is of use.
    await this.#comm.hangUp('the flow run is over');
    for (const resource of this.#options.owned.toReversed()) await resource[Symbol.asyncDispose]();
  }
}

function changedFiles([first, ...others]: readonly string[]): string {
  const code = 'SENT_FILE_CHANGED';
  const files = others.length > 0 ? `${first} (and ${plural(others.length, 'other file')})` : first;
  return (
    `${files} was changed since this process has sent it with the code of its tasks, and workers have it as it was. ` +
    `Read what changes in the flow and pass it to the task as an input, or start this process again (${code})`
  );
}
