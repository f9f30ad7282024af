// Workers on other machines, started by the command `ssh` with the keys and the configuration that people have for it.
// It forwards a port of the machine there to the scheduler here, and tells which; that, and the token, goes to the
// worker over its standard input.

import { HeddleError } from '../lib/heddle-error.ts';
import { passOn, workerArguments, WorkerProcess, type ProgramEnd } from './worker-process.ts';
import type { WorkerSize } from './worker-size.ts';
import type { StartWorker } from './workforce.ts';

export interface SshOptions {
  /** Who to be there; what `ssh` has in its configuration, or our own name, by default. */
  readonly user?: string;
  /** Of the sshd; what `ssh` has in its configuration, or 22, by default. */
  readonly port?: number;
  /** The file of the key to use; those that `ssh` finds by itself by default. */
  readonly identityFile?: string;
  /** What runs the command line there, as a shell takes it; `'heddle'` by default. */
  readonly command?: string;
  /** More arguments for `ssh`, like `['-J', 'gateway']`. */
  readonly sshOptions?: readonly string[];
}

export interface SshPlan extends SshOptions {
  readonly hostOf: (place: number) => string;
  /** Of the scheduler, on this machine. */
  readonly url: string;
  readonly token: string;
  readonly size: WorkerSize;
}

const always = {
  // Nobody is there to answer questions.
  BatchMode: 'yes',
  ConnectTimeout: '10',
  ServerAliveInterval: '5',
  ServerAliveCountMax: '3',
  ExitOnForwardFailure: 'yes',
  // A connection that is shared with others would outlive the worker.
  ControlMaster: 'no',
  ControlPath: 'none',
  // With less it does not tell which port it forwards.
  LogLevel: 'INFO',
};

export function overSsh(plan: SshPlan): StartWorker {
  return (place, name) => {
    const host = plan.hostOf(place);
    let isUp = false;
    const hear = (line: string) => {
      const [, port] = /^Allocated port (\d+) for remote forward/.exec(line) ?? [];
      if (isUp) return passOn(line);
      if (port === undefined) return;
      isUp = true;
      worker.tell({ url: `ws://127.0.0.1:${port}`, token: plan.token });
    };
    const args = sshArguments(plan, host, name);
    const worker = new WorkerProcess({
      name,
      command: 'ssh',
      args,
      hear,
      diagnose: (end) => diagnose(end, host, plan),
    });
    return worker;
  };
}

function sshArguments(plan: SshPlan, host: string, name: string): string[] {
  const { user, port, identityFile, command = 'heddle', sshOptions = [], url, size } = plan;
  const options = Object.entries(always).flatMap(([option, value]) => ['-o', `${option}=${value}`]);
  if (user !== undefined) options.push('-l', user);
  if (port !== undefined) options.push('-p', String(port));
  if (identityFile !== undefined) options.push('-i', identityFile, '-o', 'IdentitiesOnly=yes');
  const forward = `127.0.0.1:0:${new URL(url).host}`;
  const remote = [command, ...workerArguments(name, size).map(quoted)].join(' ');
  return ['-T', ...sshOptions, ...options, '-R', forward, host, remote];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

interface Diagnosis {
  readonly code: string;
  readonly sign: RegExp;
  readonly message: (facts: { host: string; command: string; word: string }) => string;
}

/** What is read from the last lines, in this order. */
const diagnoses: readonly Diagnosis[] = [
  {
    code: 'SSH_NOT_FOUND',
    sign: /^spawn ssh ENOENT/m,
    message: () => `there is no command 'ssh' on this machine: install an OpenSSH client.`,
  },
  {
    code: 'SSH_KEY_REFUSED',
    sign: /^.*Permission denied \(.*$/m,
    message: ({ host, word }) =>
      `${host} refused our key (${word}). Pass user and identityFile, or try it by hand: ssh ${host} true`,
  },
  {
    code: 'SSH_HOST_UNKNOWN',
    sign: /^Host key verification failed\.?$|REMOTE HOST IDENTIFICATION HAS CHANGED/m,
    message: ({ host }) =>
      `the key of ${host} is not the one that this machine knows, or not known here at all. Connect once by hand and ` +
      `look at it: ssh ${host}`,
  },
  {
    code: 'SSH_FORWARDING_REFUSED',
    sign: /^.*remote port forwarding failed.*$/m,
    message: ({ host, word }) =>
      `${host} does not let workers reach the scheduler through ssh (${word}). Set AllowTcpForwarding in its ` +
      `sshd_config, or use a WebSocketCluster and start heddle worker there.`,
  },
  {
    code: 'SSH_HOST_UNREACHABLE',
    sign: /^.*(?:not resolve|refused|timed out|No route to host|unreachable|Connection (?:closed|reset)).*$/m,
    message: ({ host, word }) =>
      `${host} cannot be reached: ${word}. Check its name, its port and that sshd runs there.`,
  },
  {
    code: 'VERSION_MISMATCH',
    sign: /unknown option '--attached'|^heddle: .*\[VERSION_MISMATCH\]$/m,
    message: ({ host, word }) => `${host} has another version of Heddle: ${word}. Install the same one there and here.`,
  },
  {
    code: 'HEDDLE_NOT_FOUND',
    sign: /^.*(?:not found|No such file or directory|Cannot find module|could not determine executable).*$/m,
    message: ({ host, command, word }) =>
      `${host} cannot run '${command}' (${word}). Install Heddle there, or say how to run it: ` +
      `command: 'cd /srv/app && npx heddle'. A shell that is not interactive may have another PATH.`,
  },
];

function diagnose({ how, lastLines }: ProgramEnd, host: string, { command = 'heddle' }: SshPlan): Error | undefined {
  const text = [how, ...lastLines].join('\n');
  for (const { code, sign, message } of diagnoses) {
    const word = sign.exec(text)?.[0];
    if (word !== undefined) return new HeddleError(code, message({ host, command, word: word.trim() }), { host });
  }
  return undefined;
}
