import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const commandLine = fileURLToPath(new URL('../../src/cli/heddle.js', import.meta.url));

/** Starts `heddle worker` as a user would, and resolves when it says that it joined. */
export async function startWorker(
  resources: AsyncDisposableStack,
  { url, token, name }: { url: string; token: string; name: string },
): Promise<void> {
  const child = spawn(process.execPath, [commandLine, 'worker', url, '--name', name], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HEDDLE_TOKEN: token },
  });
  resources.defer(() => end(child));
  let said = '';
  for await (const text of child.stderr
    .setEncoding('utf8')
    .iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
    said += text;
    if (said.includes('joined')) break;
  }
  if (!said.includes('joined')) throw new Error(`a worker did not join: ${said}`);
  // What it says when it leaves is read, and nobody's business.
  child.stderr.resume();
}

/** Starts a module as a process of its own, and gives the first message that it sends. */
export async function startModule(
  resources: AsyncDisposableStack,
  url: URL,
  args: readonly string[] = [],
): Promise<unknown> {
  const child = fork(fileURLToPath(url), args);
  resources.defer(() => end(child));
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`${url.href} ended with status ${String(status)} before it was ready`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  return message;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
