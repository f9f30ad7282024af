// Whether a cached result may be used again. A validator is a pure function: it is given what was cached and what is
// asked for now, and knows no clock. Each looks at the expiry first.

import { choices } from '../code/known-names.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';
import { unreachable } from '../lib/unreachable.ts';

/** What is known of a cached result. Hashes are those of `hashInputs`, by name. */
export interface CachedEntry {
  /** Milliseconds since 1970; absent when it never expires. */
  readonly expiresAt?: number;
  readonly inputHashes: Hashes;
  readonly parameterHashes: Hashes;
}

/** The run that would like to use it. */
export interface CacheQuestion {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly inputHashes: Hashes;
  readonly parameterHashes: Hashes;
}

export type Hashes = Readonly<Record<string, string>>;

export type CacheValidator = (cached: CachedEntry, now: CacheQuestion) => boolean;

export function neverUse(): boolean {
  return false;
}

export function durationOnly(cached: CachedEntry, now: CacheQuestion): boolean {
  return cached.expiresAt === undefined || now.time < cached.expiresAt;
}

export function allInputs(cached: CachedEntry, now: CacheQuestion): boolean {
  return durationOnly(cached, now) && isSame(cached.inputHashes, now.inputHashes);
}

export function allParameters(cached: CachedEntry, now: CacheQuestion): boolean {
  return durationOnly(cached, now) && isSame(cached.parameterHashes, now.parameterHashes);
}

export function partialInputsOnly(names: readonly string[]): CacheValidator {
  const checked = checkNames('partialInputsOnly', names);
  return partial({ name: 'partialInputsOnly', names: checked }, (cached, now) => {
    return durationOnly(cached, now) && isSameIn(checked, cached.inputHashes, now.inputHashes);
  });
}

export function partialParametersOnly(names: readonly string[]): CacheValidator {
  const checked = checkNames('partialParametersOnly', names);
  return partial({ name: 'partialParametersOnly', names: checked }, (cached, now) => {
    return durationOnly(cached, now) && isSameIn(checked, cached.parameterHashes, now.parameterHashes);
  });
}

/** The validators that come with the library: those of Prefect 1. Each but `neverUse` looks at the expiry too. */
interface CacheValidators {
  /** Never. */
  readonly neverUse: CacheValidator;
  /** Until it expires, whatever the inputs are. */
  readonly durationOnly: CacheValidator;
  /** For the same inputs: none other, none more, none fewer. */
  readonly allInputs: CacheValidator;
  /** For the same parameters of the flow run: none other, none more, none fewer. */
  readonly allParameters: CacheValidator;
  /**
   * For the same values of these inputs, by position, or parts of them: `['0', '1.day']`. A position that the call
   * lacks is refused with the flow; a part that an input lacks fails its run.
   */
  readonly partialInputsOnly: (names: readonly string[]) => CacheValidator;
  /** For the same values of these parameters. A name that the flow does not have is refused with the flow. */
  readonly partialParametersOnly: (names: readonly string[]) => CacheValidator;
}

export const cacheValidators: CacheValidators = choices('cacheValidators', 'UNKNOWN_CACHE_VALIDATOR', {
  neverUse,
  durationOnly,
  allInputs,
  allParameters,
  partialInputsOnly,
  partialParametersOnly,
});

const whole = { neverUse, durationOnly, allInputs, allParameters };

/** What a validator of ours is called, so that it can be found again elsewhere. */
export type ValidatorName =
  | { readonly name: keyof typeof whole }
  | { readonly name: 'partialInputsOnly' | 'partialParametersOnly'; readonly names: readonly string[] };

/** What `partialInputsOnly` and `partialParametersOnly` made, and of which names. */
const partials = new WeakMap<CacheValidator, ValidatorName>();

function partial(name: ValidatorName, validator: CacheValidator): CacheValidator {
  partials.set(validator, name);
  return validator;
}

/** Nothing for a function of the user's. */
export function nameOfValidator(validator: CacheValidator): ValidatorName | undefined {
  const names = Object.keys(whole) as (keyof typeof whole)[];
  const name = names.find((each) => whole[each] === validator);
  return name === undefined ? partials.get(validator) : { name };
}

export function validatorOf(validator: ValidatorName): CacheValidator {
  switch (validator.name) {
    case 'partialInputsOnly':
      return partialInputsOnly(validator.names);
    case 'partialParametersOnly':
      return partialParametersOnly(validator.names);
    default:
      return whole[validator.name];
  }
}

/** The names of those that count, or all of them. */
export type Selection = 'all' | readonly string[];

/** What a validator looks at besides the expiry. A function of the user's is shown all there is. */
export function looksAt(validator: ValidatorName | undefined): { inputs: Selection; parameters: Selection } {
  switch (validator?.name) {
    case 'neverUse':
    case 'durationOnly':
      return { inputs: [], parameters: [] };
    case 'allInputs':
      return { inputs: 'all', parameters: [] };
    case 'allParameters':
      return { inputs: [], parameters: 'all' };
    case 'partialInputsOnly':
      return { inputs: validator.names, parameters: [] };
    case 'partialParametersOnly':
      return { inputs: [], parameters: validator.names };
    case undefined:
      return { inputs: 'all', parameters: 'all' };
    default:
      return unreachable(validator);
  }
}

function isSame(before: Hashes, now: Hashes): boolean {
  const names = Object.keys(before);
  return names.length === Object.keys(now).length && isSameIn(names, before, now);
}

function isSameIn(names: readonly string[], before: Hashes, now: Hashes): boolean {
  return names.every((name) => Object.hasOwn(before, name) && Object.hasOwn(now, name) && before[name] === now[name]);
}

/** A copy, so that changing the list later changes nothing. */
function checkNames(owner: string, names: unknown): readonly string[] {
  const isList = Array.isArray(names) && names.length > 0;
  const wrong: unknown = isList ? names.find((name) => typeof name !== 'string' || name === '') : names;
  if (isList && wrong === undefined) return [...(names as readonly string[])];
  const message = `${owner}() should be given a list of names, such as ['day']; got ${describe(wrong)}`;
  throw new UsageError('INVALID_OPTION', message, { option: 'names' });
}
