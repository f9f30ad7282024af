// Results that later runs use again for a while. The location of an entry is computed from what its validator looks at.
// So any process that reaches the storage finds it at once, among any number of entries, without listing them. A
// validator that looks at no inputs, or is a user's function, is shown the latest entry of the same map index. The
// default validator looks at no inputs either, but their hashes are stored, so that a run with other inputs can be
// warned.

import { State } from '../../flow/state.ts';
import { describe } from '../../lib/options.ts';
import { UsageError } from '../../lib/heddle-error.ts';
import { didYouMean } from '../../lib/nearest.ts';
import { follow, type Road } from '../../lib/template.ts';
import { messageIn } from '../../lib/thrown-text.ts';
import { lastMomentMs } from '../../lib/moment.ts';
import {
  durationOnly,
  looksAt,
  validatorOf,
  type CachedEntry,
  type CacheValidator,
  type Hashes,
  type Selection,
} from '../../results/cache-validators.ts';
import { hashInputs } from '../../results/hash-inputs.ts';
import type { Result } from '../../results/result.ts';
import type { RunPlan } from '../plan.ts';
import type { CachePlan } from '../storage-plan.ts';
import { partOf, storedOr, write, type RunToStore, type StoredRun } from './stored-run.ts';

/** What is stored: a value, and what validators ask about it. */
interface StoredEntry extends CachedEntry {
  readonly format: typeof format;
  readonly storedAt: number;
  readonly expiresAt: number;
  /** Absent for `undefined`, which not every serializer knows. */
  readonly value?: unknown;
}

const format = 'heddle cache 1';

interface Facts {
  readonly plan: RunPlan;
  readonly result: Result;
  readonly caching: CachePlan;
  /** The user's function, when the plan names no validator. */
  readonly validator: CacheValidator | undefined;
}

export class CachedResults {
  readonly #facts: Facts;
  readonly #validator: CacheValidator;
  readonly #looksAt: { readonly inputs: Selection; readonly parameters: Selection };
  readonly #folder: string;
  /** The same for all runs. */
  #parameterHashes: Hashes | undefined;
  /** The hashes of inputs that all runs share, and that none of them can change. */
  readonly #sharedHashes = new Map<string, string>();
  /** Whether the warning was logged: once for all runs is enough. */
  #isTold = false;

  constructor(facts: Facts) {
    const { plan, caching, validator = durationOnly } = facts;
    this.#facts = facts;
    this.#validator = caching.validator === null ? validator : validatorOf(caching.validator);
    this.#looksAt = looksAt(caching.validator ?? undefined);
    const owner = caching.key === null ? ['tasks', plan.flow, plan.name] : ['keys', caching.key];
    this.#folder = ['cache', ...owner].map(partOf).join('/');
  }

  placeOf(run: RunToStore): StoredRun {
    const { inputs, parameters } = this.#looksAt;
    const { plan, caching } = this.#facts;
    const inputHashes = this.#hashesOfInputs(caching.isChosen ? inputs : 'all', run.inputs);
    this.#parameterHashes ??= hashesOf(parameters, plan.parameters);
    const parameterHashes = this.#parameterHashes;
    const isNamed = caching.validator !== null;
    const hasHash = isNamed && (inputs.length > 0 || parameters.length > 0);
    const isOfIndex = run.mapIndex !== undefined && !(isNamed && inputs.length > 0);
    const name = [
      ...(isOfIndex ? [String(run.mapIndex)] : []),
      ...(hasHash ? [hashInputs([caching.validator, inputHashes, parameterHashes])] : []),
    ];
    const location = `${this.#folder}/${name.join('-') || 'latest'}`;
    const lookup = { location, inputHashes, parameterHashes, run };
    return { find: () => this.#find(lookup), cache: (state) => this.#cache(lookup, state) };
  }

  async #find(lookup: CacheLookup): Promise<State | undefined> {
    const entry = await this.#read(lookup);
    if (entry === undefined) return undefined;
    const { inputHashes, parameterHashes } = lookup;
    const validator = this.#validator;
    const answer: unknown = validator(entry, { time: Date.now(), inputHashes, parameterHashes });
    if (typeof answer !== 'boolean') throw noAnswer(this.#facts.plan.name, answer);
    if (!answer) return undefined;
    this.#compareInputs(entry, lookup);
    const { storedAt, expiresAt, value } = entry;
    const message = `Result of ${timeText(storedAt)} used again; it is kept until ${timeText(expiresAt)}.`;
    return new State('Cached', message, { result: value, expiresAt, runCount: 0 });
  }

  #compareInputs({ inputHashes: cached }: StoredEntry, { inputHashes, run }: CacheLookup): void {
    if (this.#facts.caching.isChosen) return;
    const isOther = (name: string) => Object.hasOwn(cached, name) && cached[name] !== inputHashes[name];
    const other = Object.keys(inputHashes).find(isOther);
    if (other !== undefined) this.#tellOther(other, run);
  }

  async #cache({ location, inputHashes, parameterHashes }: CacheLookup, state: State): Promise<State> {
    if (state.type !== 'Success') return state;
    const { plan, result, caching } = this.#facts;
    const storedAt = Date.now();
    const expiresAt = Math.min(storedAt + caching.forMs, lastMomentMs);
    const { result: value } = state;
    const entry: StoredEntry = {
      format,
      storedAt,
      expiresAt,
      inputHashes,
      parameterHashes,
      ...(value !== undefined && { value }),
    };
    return await storedOr(state, async () => {
      await write({ plan, result, location }, entry, value);
      const message = `${state.message} Its result is kept until ${timeText(expiresAt)}.`;
      return new State('Cached', message, { result: value, expiresAt });
    });
  }

  /** The entry, if there is one. One that cannot be used counts as none, with a warning. */
  async #read({ location, run }: CacheLookup): Promise<StoredEntry | undefined> {
    try {
      const found = await this.#facts.result.read(location);
      if (isEntry(found)) return found;
      run.logger().warn(`what is cached at '${location}' is no cached result, so the task runs again`);
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code === 'RESULT_NOT_FOUND') return undefined;
      run.logger().warn(`what is cached at '${location}' cannot be used, so the task runs again: ${messageIn(error)}`);
    }
    return undefined;
  }

  /** Warns that a result for other inputs is used, which nobody said may be. */
  #tellOther(name: string, { logger }: RunToStore): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { plan } = this.#facts;
    const code = 'CACHE_IGNORES_INPUTS';
    logger([code, plan.flowRunId, plan.name].join('/')).warn(
      `task '${plan.name}' uses what was cached for another value of its argument ${Number(name) + 1}, since by ` +
        `default a cache looks at no inputs. To use it for the same inputs alone, set cacheValidator: ` +
        `cacheValidators.allInputs; if they do not count, say so: cacheValidator: cacheValidators.durationOnly. ` +
        `(${code})`,
    );
  }

  #hashesOfInputs(selection: Selection, inputs: readonly unknown[]): Hashes {
    const names = selection === 'all' ? Object.keys(inputs) : selection;
    return Object.fromEntries(names.map((name) => [name, this.#hashOfInput(name, inputs)] as const));
  }

  #hashOfInput(name: string, inputs: readonly unknown[]): string {
    const { args, isMapped } = this.#facts.plan;
    const argument = args[Number(name.split('.')[0])];
    const isShared = isMapped && argument?.type !== 'element';
    let hash = isShared ? this.#sharedHashes.get(name) : undefined;
    if (hash === undefined) {
      const road = follow(name, inputs);
      if (!('value' in road)) throw noSuchPart(this.#facts.plan.name, name, road);
      hash = hashInputs(road.value);
      if (isShared) this.#sharedHashes.set(name, hash);
    }
    return hash;
  }
}

function hashesOf(selection: Selection, values: Readonly<Record<string, unknown>>): Hashes {
  const names = selection === 'all' ? Object.keys(values) : selection;
  return Object.fromEntries(names.map((name) => [name, hashInputs(values[name])] as const));
}

interface CacheLookup {
  readonly location: string;
  readonly inputHashes: Hashes;
  readonly parameterHashes: Hashes;
  readonly run: RunToStore;
}

function isEntry(found: unknown): found is StoredEntry {
  if (typeof found !== 'object' || found === null) return false;
  const entry = found as Partial<Record<keyof StoredEntry, unknown>>;
  const isTimed = typeof entry.storedAt === 'number' && typeof entry.expiresAt === 'number';
  return entry.format === format && isTimed;
}

function noAnswer(task: string, answer: unknown): UsageError {
  const message = `the cacheValidator of '${task}' should return true or false, at once; got ${describe(answer)}`;
  return new UsageError('INVALID_OPTION', message, { task });
}

function noSuchPart(task: string, name: string, { endedAt, at }: Exclude<Road, { value: unknown }>): UsageError {
  const isRecord = typeof at === 'object' && at !== null;
  const names = isRecord ? Object.keys(at).map((key) => [...endedAt, key].join('.')) : [];
  const meant = didYouMean(name, names);
  const known = names.length === 0 ? '' : ` It can name: ${names.slice(0, 20).join(', ')}.`;
  const why = isRecord ? `.${meant === '' ? known : meant}` : `, since '${endedAt.join('.')}' is ${describe(at)}.`;
  const message = `the cacheValidator of task '${task}' names '${name}', which its inputs lack${why}`;
  return new UsageError('INVALID_OPTION', message, { task, option: 'cacheValidator', input: name });
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
