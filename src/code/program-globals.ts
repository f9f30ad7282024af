// Globals that the program has made, rather than the platform. Every thread has globals of its own, so others have them
// only where they set them as well.

/** Those of Node that look as if a program had made them; and what Node gives to a script that is in no file. */
const ofNode = new Set(
  (
    'global clearImmediate setImmediate clearInterval clearTimeout setInterval setTimeout queueMicrotask atob btoa ' +
    'structuredClone performance fetch crypto navigator localStorage sessionStorage __filename module exports ' +
    '__dirname require'
  ).split(' '),
);

export function programGlobals(): string[] {
  return Object.keys(globalThis).filter((name) => isProgramGlobal(name));
}

export function isProgramGlobal(name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(globalThis, name);
  return property?.enumerable === true && 'value' in property && !ofNode.has(name);
}
