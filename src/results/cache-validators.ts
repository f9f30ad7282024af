// Whether a cached result may be used again. A validator is a pure function: it is given what was cached and what is
// asked for now, and knows no clock. Each looks at the expiry first.

import { choices } from '../code/known-names.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { describe } from '../lib/options.ts';

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

/** The names of those that count, or all of them. */
export type Selection = 'all' | readonly string[];

/** What a validator looks at besides the expiry. */
interface Sight {
  readonly inputs: Selection;
  readonly parameters: Selection;
}

const expiryOnly: Sight = { inputs: [], parameters: [] };
const sights = {
  neverUse: expiryOnly,
  durationOnly: expiryOnly,
  allInputs: { ...expiryOnly, inputs: 'all' },
  allParameters: { ...expiryOnly, parameters: 'all' },
} satisfies Record<string, Sight>;

export function neverUse(): boolean {
  return false;
}

export const durationOnly = comparing(sights.durationOnly);
export const allInputs = comparing(sights.allInputs);
export const allParameters = comparing(sights.allParameters);

export function partialInputsOnly(names: readonly string[]): CacheValidator {
  return partial({ name: 'partialInputsOnly', names: checkNames('partialInputsOnly', names) });
}

export function partialParametersOnly(names: readonly string[]): CacheValidator {
  return partial({ name: 'partialParametersOnly', names: checkNames('partialParametersOnly', names) });
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

function partial(name: ValidatorName): CacheValidator {
  const validator = comparing(looksAt(name));
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

/** What a validator looks at besides the expiry. A function of the user's is shown all there is. */
export function looksAt(validator: ValidatorName | undefined): Sight {
  if (validator === undefined) return { inputs: 'all', parameters: 'all' };
  switch (validator.name) {
    case 'partialInputsOnly':
      return { ...expiryOnly, inputs: validator.names };
    case 'partialParametersOnly':
      return { ...expiryOnly, parameters: validator.names };
    default:
      return sights[validator.name];
  }
}

function comparing({ inputs, parameters }: Sight): CacheValidator {
  return (cached, now) =>
    (cached.expiresAt === undefined || now.time < cached.expiresAt) &&
    isSame(inputs, cached.inputHashes, now.inputHashes) &&
    isSame(parameters, cached.parameterHashes, now.parameterHashes);
}

function isSame(selection: Selection, before: Hashes, now: Hashes): boolean {
  const names = selection === 'all' ? Object.keys({ ...before, ...now }) : selection;
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
