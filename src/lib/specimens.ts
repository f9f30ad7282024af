const specimens: object[] = [];

/**
 * Keeps one object of a class for good. What the objects of a class look like V8 forgets when it collects garbage while
 * none of them lives, and with that the code that it compiled for them: after a pause, the next thousand task runs
 * would take twice as long. So of each class whose objects come and go with task runs one stays that does nothing.
 */
export function keepSpecimen(specimen: object): void {
  specimens.push(specimen);
}
