// What a task does with its results: where they are kept, and when one that is there already is used again.

import { toPositiveMilliseconds, type Duration } from '../lib/duration.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean, nearest } from '../lib/nearest.ts';
import { functionGot, rules } from '../lib/options.ts';
import { plural } from '../lib/plural.ts';
import {
  durationOnly,
  nameOfValidator,
  partialInputsOnly,
  partialParametersOnly,
  type CacheValidator,
} from '../results/cache-validators.ts';
import { locationFactNames, type LocationFacts } from '../results/location-facts.ts';
import { locationNames, type LocationTemplate } from '../results/location.ts';
import { resultOf } from '../results/result-kinds.ts';
import type { Result } from '../results/result.ts';
import { isSerializer } from '../results/serializer.ts';
import type { Node } from './node.ts';

export interface StoringOptions {
  /** Where results are stored; that of the flow by default. A task with one stores what it returns. */
  readonly result?: Result;
  /**
   * The location of the result: a text like `'reports/{parameters.day}-{mapIndex}.json'`, or a function. What is there
   * already is used, and the function is not called.
   */
  readonly target?: string | ((run: LocationFacts) => string);
  /** How long a result may be used again by later runs, instead of calling the function. */
  readonly cacheFor?: Duration;
  /** Shares cached results with every task that has the same key; by default, a task in a flow has its own. */
  readonly cacheKey?: string;
  /**
   * For which inputs and parameters a cached result may be used again: `cacheValidators.durationOnly` by default, with
   * a warning when what is used was made from other inputs.
   */
  readonly cacheValidator?: CacheValidator;
  /** `false` never stores anything; `true` does so even without a `result`. */
  readonly checkpoint?: boolean;
}

/** The options with what they come to. */
export interface Storing {
  readonly result: Result | undefined;
  readonly checkpoint: boolean | undefined;
  readonly target: LocationTemplate<LocationFacts> | undefined;
  readonly cache: Caching | undefined;
}

export interface Caching {
  readonly forMs: number;
  readonly key: string | undefined;
  readonly validator: CacheValidator;
  /** Whether the author chose the validator. */
  readonly isChosen: boolean;
}

/** For tasks and flows alike. */
export const resultRule = { expected: 'a Result, such as new LocalResult()', holds: isResult };

export const storingOptionRules = {
  result: resultRule,
  target: {
    expected: "a text like 'reports/{today}.json', or a function that returns one",
    holds: (value: unknown) => typeof value === 'function' || rules.text.holds(value),
  },
  cacheFor: { ...rules.anything, elsewhere: ['cacheExpiration', 'ttl'] },
  cacheKey: rules.text,
  cacheValidator: {
    expected: "a validator, such as cacheValidators.allInputs or cacheValidators.partialInputsOnly(['0'])",
    // One of three arguments is written for Prefect: it would find in them what it does not expect.
    holds: (value: unknown) =>
      typeof value === 'function' &&
      value.length <= 2 &&
      value !== partialInputsOnly &&
      value !== partialParametersOnly,
    got: functionGot,
  },
  checkpoint: rules.flag,
};

/** Nothing for a task that says nothing about its results. Throws a `UsageError` for what cannot be, naming `owner`. */
export function storingOf(owner: string, options: StoringOptions): Storing | undefined {
  const { result, target, cacheFor, cacheValidator = durationOnly, cacheKey: key, checkpoint } = options;
  const given = [result, target, cacheFor, key, options.cacheValidator, checkpoint];
  if (given.every((value) => value === undefined)) return undefined;
  assertConsistent(owner, options);
  if (result !== undefined) assertSendable(result);
  if (typeof target === 'string') assertNames(owner, target);
  assertInputNames(owner, cacheValidator);
  if (cacheFor === undefined) return { result, checkpoint, target, cache: undefined };
  const forMs = toPositiveMilliseconds(cacheFor, { owner, option: 'cacheFor' });
  const cache = { forMs, key, validator: cacheValidator, isChosen: options.cacheValidator !== undefined };
  return { result, checkpoint, target, cache };
}

/** Throws `UNKNOWN_RESULT_KIND` or `UNKNOWN_SERIALIZER` for a result that could not be made again in a worker. */
export function assertSendable(result: Result): void {
  resultOf(result.describe());
}

/** Checks what is only known of a task in its flow: how it is called, and which parameters there are. */
export function assertStorable(node: Node, parameters: readonly string[]): void {
  const { target, cache } = node.task?.settings.storing ?? {};
  const owner = `task '${node.slug}'`;
  if (typeof target === 'string') {
    const names = locationNames(target);
    for (const name of names) assertHasValue({ owner, target, node }, name, parameters);
    if (node.isMapped && !names.some((name) => differsByChild(node, name))) {
      const remedy = 'Add {mapIndex}, or what a child is given: {inputs.0}.';
      const message = `every child of ${owner} would have the same target '${target}'. ${remedy}`;
      throw new UsageError('INVALID_LOCATION', message, { task: node.slug, target });
    }
  }
  const validator = cache === undefined ? undefined : nameOfValidator(cache.validator);
  if (validator?.name === 'partialInputsOnly') {
    const wrong = validator.names.find((name) => isBeyond(node, name.split('.')[0]));
    if (wrong === undefined) return;
    throw invalid(owner, 'cacheValidator', `names the input '${wrong}', ${butCalledWith(node)}`);
  }
  if (validator?.name !== 'partialParametersOnly') return;
  for (const name of validator.names) {
    if (parameters.includes(name)) continue;
    const hint = hintFor(name, parameters);
    throw invalid(owner, 'cacheValidator', `names the parameter '${name}', which the flow does not have.${hint}`);
  }
}

function assertConsistent(owner: string, options: StoringOptions): void {
  const { target, cacheFor, checkpoint } = options;
  for (const option of ['cacheKey', 'cacheValidator'] as const) {
    if (options[option] === undefined || cacheFor !== undefined) continue;
    throw invalid(owner, option, "has no effect without cacheFor. Add how long to use a result again: cacheFor: '1h'");
  }
  if (cacheFor === undefined) return;
  if (target !== undefined) {
    throw invalid(owner, 'cacheFor', 'contradicts its target, which is used for as long as it exists. Leave one out');
  }
  if (checkpoint === false) {
    throw invalid(owner, 'cacheFor', 'contradicts checkpoint: false, since what is cached is stored. Leave one out');
  }
}

function assertNames(owner: string, target: string): void {
  for (const name of locationNames(target)) {
    const [root = '', member] = name.split('.');
    if (!locationFactNames.some((known) => known === root)) {
      const meant = nearest(root, locationFactNames);
      const hint =
        meant === undefined ? ` It can name: ${locationFactNames.join(', ')}.` : ` Did you mean '{${meant}}'?`;
      const others = `A parameter is named like {parameters.${root}}, an input by its position: {inputs.0}.`;
      throw wrongName({ owner, target, name }, `which is not known.${hint} ${others}`);
    }
    if (root === 'parameters' && member === undefined) throw wrongName({ owner, target, name }, 'without saying which');
    if (root === 'inputs' && !isPosition(member)) throw wrongName({ owner, target, name }, byPosition);
  }
}

const byPosition = 'but inputs have no names, only positions: {inputs.0}, or {inputs.0.day} for a part of the first';

function assertInputNames(owner: string, validator: CacheValidator): void {
  const named = nameOfValidator(validator);
  if (named?.name !== 'partialInputsOnly') return;
  const wrong = named.names.find((name) => !isPosition(name.split('.')[0]));
  if (wrong === undefined) return;
  const remedy = "Inputs have no names, only positions: '0', or '0.day' for a part of the first";
  throw invalid(owner, 'cacheValidator', `names the input '${wrong}'. ${remedy}`);
}

interface TargetUse {
  readonly owner: string;
  readonly target: string;
  readonly node: Node;
}

function assertHasValue({ owner, target, node }: TargetUse, name: string, parameters: readonly string[]): void {
  const [root, member = ''] = name.split('.');
  if (root === 'mapIndex' && !node.isMapped) throw wrongName({ owner, target, name }, 'but it is not mapped here');
  if (root === 'inputs' && isBeyond(node, member)) throw wrongName({ owner, target, name }, butCalledWith(node));
  if (root !== 'parameters' || parameters.includes(member)) return;
  throw wrongName({ owner, target, name }, `which the flow does not have.${hintFor(member, parameters)}`);
}

function isBeyond({ bindings }: Node, position: string | undefined): boolean {
  return Number(position) >= bindings.length;
}

function butCalledWith({ bindings: { length } }: Node): string {
  return `but it is called with ${plural(length, 'argument')}`;
}

function differsByChild(node: Node, name: string): boolean {
  const [root, member] = name.split('.');
  if (root === 'mapIndex') return true;
  const binding = root === 'inputs' ? node.bindings[Number(member)] : undefined;
  return binding?.type === 'each-node' || binding?.type === 'each-constant';
}

function hintFor(name: string, parameters: readonly string[]): string {
  return didYouMean(name, parameters) || ` Its parameters: ${parameters.join(', ') || 'none'}.`;
}

function isPosition(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text);
}

function isResult(value: unknown): boolean {
  const { read, write, exists, describe, serializer } = (value ?? {}) as Partial<Record<keyof Result, unknown>>;
  return [read, write, exists, describe].every((each) => typeof each === 'function') && isSerializer(serializer);
}

function wrongName({ owner, target, name }: { owner: string; target: string; name: string }, why: string): UsageError {
  return new UsageError('INVALID_LOCATION', `the target '${target}' of ${owner} names '${name}', ${why}`, { target });
}

function invalid(owner: string, option: string, why: string): UsageError {
  return new UsageError('INVALID_OPTION', `option '${option}' of ${owner} ${why}`, { owner, option });
}
