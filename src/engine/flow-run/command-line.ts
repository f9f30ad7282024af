// What `heddle run FILE` says about the flow run that the file itself starts, so that a script need not read its own
// command line. It applies to the first run that is reached, and only to that one.

import { isInTaskRun } from '../context.ts';
import type { Executor } from './executor.ts';
import type { FlowState } from './flow-state.ts';

export interface CommandLineRun {
  /** The texts as given; each is read as the type of its parameter's default. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly executor: Executor | undefined;
  /** The flow that was asked for by name. */
  readonly flow: string | undefined;
  readonly flowRunId: string | undefined;
  readonly approve: readonly string[];
  readonly ended: (state: FlowState) => void;
  /** The file starts another flow run, to which none of this applies. */
  readonly another: () => void;
}

let awaited: CommandLineRun | undefined;
let taken: CommandLineRun | undefined;

export function isRunAwaited(): boolean {
  return awaited !== undefined;
}

export function awaitRun(run: CommandLineRun): void {
  awaited = run;
}

export function takeCommandLine(): CommandLineRun | undefined {
  const run = awaited;
  awaited = undefined;
  if (run === undefined && !isInTaskRun()) taken?.another();
  taken ??= run;
  return run;
}
