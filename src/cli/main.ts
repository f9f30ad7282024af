import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { toBytes } from '../lib/byte-size.ts';
import { UsageError } from '../lib/heddle-error.ts';
import { didYouMean } from '../lib/nearest.ts';
import { rules, type OptionRule } from '../lib/options.ts';
import { resultMemoryRule, workerMemoryRule } from '../executors/memory-here.ts';
import { placingRules } from '../lib/placing.ts';
import { version } from '../lib/version.ts';
import { printError } from './output.ts';
import type { RunArguments } from './run.ts';
import type { SchedulerArguments } from './scheduler.ts';
import { work } from './worker.ts';

/** A call that is wrong, as opposed to one that failed. */
const usageStatus = 2;

/** Of whoever has another end: they must know a secret, and may encrypt. */
const connectionOptions = () => [
  new Option('--token <token>', 'what both ends must know; better in HEDDLE_TOKEN, where no process list shows it').env(
    'HEDDLE_TOKEN',
  ),
  new Option('--tls-ca <file>', 'for wss: who must have signed the certificate of the other end (PEM)'),
  new Option('--tls-cert <file>', 'for wss: the certificate of this end (PEM)'),
  new Option('--tls-key <file>', 'for wss: its private key (PEM); its passphrase, if any, in HEDDLE_TLS_PASSPHRASE'),
];

const program = new Command('heddle')
  .description('Runs flows, and workers for them.')
  .version(version)
  .addHelpText('after', `\nThe documents: ${fileURLToPath(new URL('../../docs', import.meta.url))}`)
  .showSuggestionAfterError()
  .exitOverride();

const runCommand = program
  .command('run')
  .description('run the flow of a file where the file says, else on this thread')
  .argument('<file>', 'a .ts or .js file that makes a flow, and may run it')
  .option(
    '-p, --param <name=value>',
    'give a parameter, its value as JSON (ids=[1,2,3]) or else as text; may be repeated',
    collectParameter,
  )
  .option('--flow <name>', 'which flow, when the file makes several and runs none')
  .option('--run-id <id>', 'what the run is known by; one that was begun under it does only what is missing')
  .option('--approve <slug>', 'let a task go on that would be left Paused; may be repeated', collectText)
  .addOption(new Option('--local', 'run on this thread').conflicts(['workers', 'listen', 'scheduler']))
  .addOption(
    new Option('--workers <count>', 'run on so many worker threads')
      .argParser(count)
      .conflicts(['listen', 'scheduler']),
  )
  .addOption(new Option('--listen <[host:]port>', 'listen, and run on the workers that join').conflicts('scheduler'))
  .option('--scheduler <url>', 'run on the workers of a scheduler that is running')
  // A worker is there sooner without what only a flow needs.
  .action(async (file: string, options: RunArguments) => (await import('./run.ts')).run(file, options))
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: (text, write) => write(orParameter(text)) });

program
  .command('worker')
  .description('join a scheduler and run tasks for it, until told to end')
  .argument('[url]', 'of the scheduler, like ws://127.0.0.1:8786')
  .option('--threads <count>', 'how many tasks run at once', count, 1)
  .option('--name <name>', 'how logs call this worker', name, `${hostname()}-${process.pid}`)
  .option('--resource <name=amount>', 'what tasks may need of it; may be repeated', collectResource)
  .option('--label <label>', 'where tasks may want to be; may be repeated', collectText)
  .option('--memory-limit <size>', 'what the process may take, 256MB or more; by default what there is', workerSize)
  .option('--thread-memory <megabytes>', 'heap of each thread, 16 or more', megabytes)
  .addOption(
    new Option('--code <how>', 'bundle: take it from the flow; module: only import files of this machine')
      .choices(['bundle', 'module'])
      .default('bundle'),
  )
  .option('--drain <duration>', 'how long running tasks may go on after SIGTERM', duration, '30s')
  .option('--attached', 'for programs: read url and token from a line of standard input, and end when that does')
  .action(work);

program
  .command('scheduler')
  .description('listen for workers and for flows that use them, until told to end')
  .option('--listen <[host:]port>', 'where', '127.0.0.1:8786')
  .option(
    '--memory-limit <size>',
    'how much results may take before they are moved to disk; a quarter by default',
    resultSize,
  )
  .option('--spill-directory <folder>', 'where they are moved to; that for temporary files by default')
  .option('--record <file>', 'write down what happens and what is decided, for heddle replay')
  .action(async (options: SchedulerArguments) => (await import('./scheduler.ts')).schedule(options));

program
  .command('replay')
  .description('go through a recording of a scheduler again, and compare what is decided')
  .argument('<file>', 'that --record, or the option record of a cluster, wrote')
  .action(async (file: string) => (await import('./replay.ts')).replay(file));

const ofWhatServes = `
Exit status: 0 after Ctrl-C or SIGTERM, 1 when it could not go on, 2 when the
call was wrong.`;
const exitStatuses = {
  run: `
Exit status: 0 when the run succeeded, 1 when not, 2 when the call was wrong,
130 after Ctrl-C, 143 after SIGTERM.`,
  worker: ofWhatServes,
  scheduler: ofWhatServes,
  replay: `
Exit status: 0 when all is decided as it was, 1 when not, 2 when the call was
wrong.`,
};
for (const command of program.commands) {
  command.addHelpText('after', exitStatuses[command.name() as keyof typeof exitStatuses]);
}

program.configureOutput({ outputError: (text, write) => write(orRun(text)) });

const connecting = program.commands.filter((command) => ['run', 'worker', 'scheduler'].includes(command.name()));
for (const command of program.commands)
  command.showHelpAfterError(`heddle ${command.name()} --help tells what there is`);
for (const command of connecting) for (const option of connectionOptions()) command.addOption(option);

// A token on the command line is seen by all who see the process list, unless it shows something else.
program.hook('preAction', (_, command) => {
  if (command.getOptionValueSource('token') === 'cli') process.title = `heddle ${command.name()}`;
});

function count(text: string): number {
  return checked(Number(text), rules.positiveCrew);
}

function size(text: string): number {
  try {
    return toBytes(text, 'it');
  } catch {
    throw new InvalidArgumentError('It should look like 512MB or 2GB.');
  }
}

function resultSize(text: string): number {
  return checked(size(text), resultMemoryRule);
}

function workerSize(text: string): number {
  return checked(size(text), workerMemoryRule);
}

/** Milliseconds, or a text with a unit. Whether it is one is for whoever needs it to say. */
function duration(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function megabytes(text: string): number {
  return checked(Number(text), rules.megabytes);
}

const oneLine: OptionRule = {
  expected: 'a text of one line that is not empty',
  holds: (value) => rules.text.holds(value) && !/\p{Cc}/u.test(String(value)),
};

function name(text: string): string {
  return checked(text, oneLine);
}

function checked<Value>(value: Value, { expected, holds }: OptionRule): Value {
  if (holds(value)) return value;
  throw new InvalidArgumentError(`It should be ${expected}.`);
}

// Nothing is collected at first. A default that commander knew of would be in the help, as `{}`.

function collectParameter(text: string, collected: Record<string, string> = {}): Record<string, string> {
  const separator = text.indexOf('=');
  if (separator < 1) throw new InvalidArgumentError('It should look like name=value.');
  return withOne(collected, text.slice(0, separator), text.slice(separator + 1));
}

function collectResource(text: string, collected: Record<string, number> = {}): Record<string, number> {
  const separator = text.lastIndexOf('=');
  const [name, amount] = [text.slice(0, separator), Number(text.slice(separator + 1))];
  if (separator >= 1 && placingRules.resources.holds({ [name]: amount })) return withOne(collected, name, amount);
  throw new InvalidArgumentError('It should look like gpu=2, the amount being more than 0.');
}

function withOne<Value extends string | number>(
  collected: Record<string, Value>,
  name: string,
  value: Value,
): Record<string, Value> {
  if (!Object.hasOwn(collected, name)) return { ...collected, [name]: value };
  throw new InvalidArgumentError(`'${name}' was given before, as ${collected[name]!}: give it once.`);
}

function collectText(text: string, collected: readonly string[] = []): readonly string[] {
  return [...collected, name(text)];
}

/** A file in the place of a command is one to run. */
function orRun(text: string): string {
  const [, file] = /unknown command '(.*\.[cm]?[jt]sx?)'/.exec(text) ?? [];
  return file === undefined ? text : `${text.trimEnd()}. Did you mean heddle run ${file}?\n`;
}

/** What is no option of ours may be meant for the flow, which nobody knows yet. */
function orParameter(text: string): string {
  const [, option, given] = /unknown option '(--[^'=]+)=?([^']*)'/.exec(text) ?? [];
  if (option === undefined) return text;
  const next = process.argv[process.argv.indexOf(option) + 1] ?? '-';
  const value = given || (next.startsWith('-') ? 'VALUE' : next);
  const meant = didYouMean(
    option,
    runCommand.options.flatMap(({ long }) => long ?? []),
  );
  const remedy = `A parameter of the flow is given like this: --param ${option.slice(2)}=${value}`;
  return `${text.trimEnd()}.${meant} ${remedy}\n`;
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its own already; asking for help is no mistake.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : usageStatus;
  else {
    printError(error);
    // A script that trips over the outputs of a run that Ctrl-C ended was ended by Ctrl-C.
    process.exitCode ??= error instanceof UsageError ? usageStatus : 1;
  }
}
