// What `heddle run FILE` says about the flow run that the file itself starts, so that a script need not read its own
// command line. It applies to the first run that is reached, and only to that one.

import { processWide } from '../../lib/process-wide.ts';
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

/** The command may be that of another copy of Heddle than the one that the file imports. */
const command = processWide('command-line', () => ({
  awaited: undefined as CommandLineRun | undefined,
  taken: undefined as CommandLineRun | undefined,
}));

export function isRunAwaited(): boolean {
  return command.awaited !== undefined;
}

export function awaitRun(run: CommandLineRun): void {
  command.awaited = run;
}

export function takeCommandLine(): CommandLineRun | undefined {
  const run = command.awaited;
  command.awaited = undefined;
  if (run === undefined && !isInTaskRun()) command.taken?.another();
  command.taken ??= run;
  return run;
}
