import type { OptionRule } from '../../lib/options.ts';

/** It names a file, where some characters count for several, and stands in lines of the log. */
export const flowRunIdRule: OptionRule = {
  expected: 'a text of 1 to 100 characters, not blank, and without line breaks',
  holds: (value) => {
    if (typeof value !== 'string' || value.trim() === '' || /\p{Cc}/u.test(value)) return false;
    return value.isWellFormed() && encodeURIComponent(value).length <= 200;
  },
};
