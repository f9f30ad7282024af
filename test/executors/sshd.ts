// A real sshd on loopback, with keys of its own, for as long as a test needs it.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

export interface Sshd extends AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  /** What `ssh` must be told to find its way there, and to look at nothing else of this machine. */
  readonly access: { readonly port: number; readonly identityFile: string; readonly sshOptions: readonly string[] };
  /** A key that nobody there knows. */
  readonly otherKey: string;
  /** An address book in which it does not stand. */
  readonly emptyKnownHosts: string;
}

const program = '/usr/sbin/sshd';

export async function startSshd(settings: readonly string[] = []): Promise<Sshd> {
  if (!existsSync(program))
    throw new Error(`there is no ${program}: these tests need it (apt-get install openssh-server)`);
  // What its service does at each start of the machine.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(tmpdir(), 'heddle-sshd-'));
  const [hostKey, key, otherKey] = ['host', 'user', 'other'].map((name) => makeKey(join(folder, name)));
  const port = await freePort();
  const publicKey = readFileSync(`${hostKey}.pub`, 'utf8').trim();
  const knownHosts = join(folder, 'known-hosts');
  writeFileSync(knownHosts, ['127.0.0.1', 'localhost'].map((host) => `[${host}]:${port} ${publicKey}\n`).join(''));
  const emptyKnownHosts = join(folder, 'empty');
  writeFileSync(emptyKnownHosts, '');
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${key}.pub`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    ...settings,
  ];
  const config = join(folder, 'sshd-config');
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = spawn(program, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  await listening(createInterface({ input: child.stderr }), exited);
  const sshOptions = ['-F', 'none', '-o', `UserKnownHostsFile=${knownHosts}`];
  const stop = async () => {
    child.kill();
    await exited;
    rmSync(folder, { recursive: true });
  };
  const access = { port, identityFile: key!, sshOptions };
  return { folder, port, access, otherKey: otherKey!, emptyKnownHosts, [Symbol.asyncDispose]: stop };
}

function makeKey(path: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
  return path;
}

async function listening(lines: AsyncIterable<string>, exited: Promise<unknown>): Promise<void> {
  const said: string[] = [];
  const heard = (async () => {
    for await (const line of lines) {
      said.push(line);
      if (line.startsWith('Server listening')) return true;
    }
    return false;
  })();
  const isThere = await Promise.race([heard, exited.then(() => false)]);
  if (!isThere) throw new Error(`sshd did not start:\n${said.join('\n')}`);
}
