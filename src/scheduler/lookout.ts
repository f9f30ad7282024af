// Tells what the scheduler has, how much there is to do, and why something does not run, without changing anything. It
// speaks in the words of flows: tasks and map indices, not arrays and indices.

import type { LogRecord } from '../lib/log-record.ts';
import { didYouMean } from '../lib/nearest.ts';
import { explain } from './explain.ts';
import { loadOf, type Load } from './load.ts';
import { metricsOf } from './metrics.ts';
import type { ClientPeer, HeldArray } from './peers.ts';
import { describeStranded, type Words } from './room.ts';
import type { SchedulerOptions } from './scheduler-options.ts';
import { standstillOf } from './standstill.ts';
import { arrayStatus, phases, statusOf, type ClusterStatus, type Holdings } from './status.ts';

/** Which task run is meant. Without `mapIndex`: the only one of a task that is not mapped, or all of a mapped one. */
export interface TaskRunQuestion {
  readonly flowRunName: string;
  /** Its slug: the name of the task, with a number if the flow has several of that name. */
  readonly task: string;
  readonly mapIndex?: number;
}

export class Lookout {
  readonly #holdings: Holdings;
  readonly #options: Pick<SchedulerOptions, 'standstillMs' | 'whyNoWorker'>;

  constructor(holdings: Holdings, options: Pick<SchedulerOptions, 'standstillMs' | 'whyNoWorker'>) {
    this.#holdings = holdings;
    this.#options = options;
  }

  get status(): ClusterStatus {
    return statusOf(this.#holdings);
  }

  get metrics(): string {
    return metricsOf(this.status);
  }

  get load(): Load {
    return loadOf(this.#holdings.core, performance.now());
  }

  /** Whether some worker is there that takes work. */
  get hasWorkers(): boolean {
    return this.#holdings.core.fleet.workers.values().some(({ isDraining }) => !isDraining);
  }

  explain({ flowRunName, task, mapIndex }: TaskRunQuestion): string {
    const clients = [...this.#holdings.clients.values()];
    const asked = clients.filter(({ name }) => name === flowRunName);
    const told = asked.map((client) => this.#explainTo(client, task, mapIndex));
    if (told.length > 0) return told.join('\n');
    const names = clients.map(({ name }) => name);
    const others = names.length === 0 ? ' None is.' : ` Those that are: ${names.join(', ')}.`;
    return `No flow run '${flowRunName}' is connected.${didYouMean(flowRunName, names)}${others}`;
  }

  /** What to tell flow runs of which nothing has started or settled for a while. A run is told each reason once. */
  standstills(now: number): { readonly client: ClientPeer; readonly record: LogRecord }[] {
    const { core, clients } = this.#holdings;
    const { standstillMs = 10_000 } = this.#options;
    const quiet = [...clients.values()].filter(({ lastNews }) => now - lastNews >= standstillMs);
    if (quiet.length === 0) return [];
    const books = { ...this.#holdings, records: Map.groupBy(core.arrays.values(), (record) => record.client) };
    return quiet.flatMap((client) => {
      const standstill = standstillOf(client, books, { words: this.#wordsFor(client), now });
      if (standstill === undefined || client.told.has(standstill.kind)) return [];
      client.told.add(standstill.kind);
      const { level, message } = standstill;
      return [{ client, record: { time: Date.now(), level, message: `nothing starts or ends: ${message}` } }];
    });
  }

  /** The flow runs that have no worker and were not told of this kind of news. From here on they count as told. */
  takeUntold(kind: string): ClientPeer[] {
    if (this.hasWorkers) return [];
    const untold = [...this.#holdings.clients.values()].filter(({ told }) => !told.has(kind));
    for (const { told } of untold) told.add(kind);
    return untold;
  }

  /** Why nobody here can run an array, and what to do. */
  noteStranded({ id, client }: HeldArray): readonly LogRecord[] {
    const { core } = this.#holdings;
    const record = core.arrays.get(id);
    // What was queued may be forgotten by the same event.
    if (record === undefined) return [];
    const words = this.#wordsFor(client);
    const why = describeStranded(record.queue, core.fleet, words);
    return [{ time: Date.now(), level: 'warn', message: `${words.array(id)} cannot run yet: ${why}` }];
  }

  #explainTo(client: ClientPeer, task: string, mapIndex: number | undefined): string {
    const arrays = [...client.arrays.values()];
    const array = arrays.find(({ submission }) => submission.name === task);
    if (array === undefined) {
      const names = arrays.map(({ submission }) => submission.name);
      const those = names.length === 0 ? 'nothing' : `only ${names.join(', ')}`;
      const why = `A task is submitted once it is known how many task runs it has.`;
      return `Flow run '${client.name}' has submitted ${those} so far.${didYouMean(task, names)} ${why}`;
    }
    if (mapIndex !== undefined || array.submission.length === 1) return this.#explainIndex(array, mapIndex ?? 0);
    return this.#explainAll(array);
  }

  #explainIndex({ id, client }: HeldArray, index: number): string {
    const { core } = this.#holdings;
    const around = { core, words: this.#wordsFor(client), now: performance.now() };
    return explain({ id, record: core.arrays.get(id), index }, around);
  }

  /** How many task runs are in each phase, and why the first one that is not settled does not run. */
  #explainAll(array: HeldArray): string {
    const status = arrayStatus(this.#holdings.core, array);
    const { task, length } = status;
    const counts = phases.filter((phase) => status[phase] > 0).map((phase) => `${status[phase]} ${phase}`);
    const all = `Task '${task}' has ${length} task runs: ${counts.join(', ')}.`;
    const settled = this.#holdings.core.arrays.get(array.id)?.settled;
    const [first] = settled ?? [];
    const next = first?.start === 0 ? first.end : 0;
    return next >= length ? all : `${all} ${this.#explainIndex(array, next)}`;
  }

  /** The words for one flow run: what belongs to another is said to. */
  #wordsFor(client: ClientPeer): Words {
    const { arrays, workers } = this.#holdings;
    const owner = (array: HeldArray) => (array.client === client ? '' : ` of flow run '${array.client.name}'`);
    const named = (id: number, index: string) => {
      const array = arrays.get(id);
      return array === undefined
        ? 'something that is not needed any more'
        : `task '${array.submission.name}'${index}${owner(array)}`;
    };
    return {
      array: (id) => named(id, ''),
      index: (id, index) => named(id, (arrays.get(id)?.submission.length ?? 1) > 1 ? ` [map index ${index}]` : ''),
      worker: (id) => workers.get(id)?.name ?? id,
      importing: (id, attempt) => workers.get(id)?.attempts.get(attempt)?.importing,
      arrivingBytes: (id) => workers.get(id)?.comm.arrivingBytes ?? 0,
      backlogBytes: (id) => workers.get(id)?.comm.backlogBytes ?? 0,
      noWorker: () => this.#options.whyNoWorker?.(),
    };
  }
}
