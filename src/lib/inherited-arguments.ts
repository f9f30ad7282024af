/** They are about this very process. */
const notInherited =
  /^--(?:inspect|test|watch|prof|cpu-prof|heap-prof|eval|print|check|interactive|input-type)|^-(?!-|[rC]$)/;

/** What this process was started with that code may need to be loaded: hooks, conditions, limits. */
export function inheritedArguments(execArgv: readonly string[]): string[] {
  let isInherited = false;
  return execArgv.filter((argument) => {
    // What is no option is the value of the one before it.
    if (argument.startsWith('-')) isInherited = !notInherited.test(argument);
    return isInherited;
  });
}
