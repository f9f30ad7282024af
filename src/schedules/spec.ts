import { UsageError } from '../lib/heddle-error.ts';
import type { ZonedTime } from './zoned-time.ts';

/** A filter or an adjustment that comes with Heddle, as a program writes it: `name(...parameters)`, or `name`. */
export interface Spec {
  readonly name: string;
  readonly parameters?: readonly unknown[];
}

/** The same for each time; but whoever calls one without a time takes it for what makes one. */
export function known<Answer, Facts extends { readonly spec: Spec }>(
  facts: Facts,
  answer: (time: ZonedTime) => Answer,
): ((time: ZonedTime) => Answer) & Facts {
  const { name, parameters } = facts.spec;
  const written = parameters === undefined ? name : `${name}(…)`;
  const asked = (time: ZonedTime | undefined) => {
    if (time !== undefined) return answer(time);
    const problem = `${written} was called without a time, which a Schedule gives it`;
    const message = `${problem}: write ${written}, with no () behind it`;
    throw new UsageError('INVALID_OPTION', message);
  };
  return Object.freeze(Object.assign(asked, facts));
}
