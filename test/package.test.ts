import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Program } from './cli/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const flow = `
import { context, flatten, Flow, inspectSerializable, registerType, task } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
const double = task('double', (x: number) => {
  context.logger.info('doubling ' + x);
  return 2 * x;
});
class Size {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  larger(): Size {
    return new Size(this.value + 1);
  }
}
declare module 'heddle' {
  interface RegisteredTypes { Size: Size }
}
registerType(Size, { tag: 'Size', encode: ({ value }) => value, decode: (value: number) => new Size(value) });
const split = task('split', (size: number): number[][] => [[size], [size, 1]]);
export const halves = new Flow('halves', () => double.map(flatten(split(2))));
export const enlarge = task('enlarge', (size: Size) => size.larger());
const executor = new DistributedExecutor(() => new LocalCluster({ workers: 2, processes: process.argv[2] === 'processes' }));
const flow = new Flow('installed', { executor }, () => double.map([1, 2, 3]));
const doubled: number[] = (await flow.run()).output;
console.log(JSON.stringify(doubled));
if (process.argv[2] === 'inspect') console.log(String(await inspectSerializable(flow)));
`;

test('the packed package, installed elsewhere, runs a flow on threads and types it', { timeout: 120_000 }, () => {
  run('npm', ['run', '--silent', 'build'], process.cwd());
  run('npm', ['pack', '--silent', '--pack-destination', folder, './dist'], process.cwd());
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  const [, commands] = /```sh\n([\s\S]*?)```/.exec(readFileSync('docs/running.md', 'utf8'))!;
  assert.match(commands!, new RegExp(`^npm install \\./${tarball}$`, 'm'));
  for (const command of commands!.trim().split('\n')) run('sh', ['-c', command], folder);
  writeFileSync(join(folder, 'flow.ts'), flow);

  assert.equal(run(process.execPath, ['flow.ts'], folder).trim(), '[2,4,6]');
  assert.equal(run(process.execPath, ['flow.ts', 'processes'], folder).trim(), '[2,4,6]');
  assert.match(run(process.execPath, ['flow.ts', 'inspect'], folder), /flow 'installed' can be sent to workers/);
  assert.match(run(join(folder, 'node_modules', '.bin', 'heddle'), ['--version'], folder), /^\d+\.\d+\.\d+\n$/);

  const options = { strict: true, module: 'nodenext', target: 'es2024', noEmit: true, types: ['node'] };
  const typeRoots = [join(process.cwd(), 'node_modules', '@types')];
  const lib = ['es2024', 'esnext.disposable'];
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...options, typeRoots, lib }, include: ['flow.ts'] }),
  );
  run(join(process.cwd(), 'node_modules', '.bin', 'tsc'), ['-p', folder], folder);
});

test('its README and its documents lead to files that are there', () => {
  const installed = join(folder, 'node_modules', 'heddle');
  const pages = ['README.md', ...readdirSync(join(installed, 'docs')).map((name) => join('docs', name))];
  const dead = pages.flatMap((page) => {
    const links = readFileSync(join(installed, page), 'utf8').matchAll(
      /\]\(((?:[\w.-]+\/)*[\w-]+\.\w+)(?:#[\w-]+)?\)/g,
    );
    return [...links].flatMap(([, path]) =>
      existsSync(join(installed, page, '..', path!)) ? [] : [`${page}: ${path}`],
    );
  });

  assert.deepEqual(dead, []);
});

test('its classes are called what they are exported as, which messages and stacks show', () => {
  const script = `
    const entries = await Promise.all(['heddle', 'heddle/executors', 'heddle/schedules'].map((name) => import(name)));
    const classes = entries.flatMap((entry) => Object.entries(entry)).filter(([key]) => /^[A-Z]/.test(key));
    console.log(JSON.stringify(classes.filter(([key, { name }]) => key !== name).map(([, { name }]) => name)));
  `;

  assert.equal(run(process.execPath, ['--input-type=module', '--eval', script], folder), '[]\n');
});

test('what is said of ifElse.map() and the like stands in the declarations, where editors find it', () => {
  const declared = readFileSync('dist/src/flow/control.d.ts', 'utf8');

  const told = [...declared.matchAll(/\*\/\n(?:export )?declare function (\w+)/g)].map(([, name]) => name);

  assert.deepEqual(told, ['ifElse', 'mapIfElse', 'switchCase', 'mapSwitchCase', 'merge', 'mapMerge']);
});

test('its import reads few files, and none with the scheduler, which only a process that runs a flow needs', () => {
  const script = `
    import { registerHooks } from 'node:module';
    const files = [];
    const load = (url, context, next) => {
      if (url.includes('/heddle/')) files.push(url);
      return next(url, context);
    };
    registerHooks({ load });
    await import('heddle');
    console.log(JSON.stringify(files));
  `;
  const files = JSON.parse(run(process.execPath, ['--input-type=module', '--eval', script], folder)) as string[];

  assert.ok(files.length > 1 && files.length <= 5, files.join('\n'));
  const declaring = (name: string) =>
    files.filter((file) => readFileSync(new URL(file), 'utf8').includes(`${name} = class`));
  assert.equal(declaring('Flow').length, 1);
  assert.equal(declaring('Scheduler').length, 0);
});

test('an older Node that imports the package is told in one sentence what is needed', async (t) => {
  const older = '/usr/bin/node';
  const version = existsSync(older) ? parseInt(run(older, ['--version'], folder).slice(1)) : undefined;
  if (version === undefined || version >= 24) return t.skip('there is no older Node on this machine');

  for (const entry of ['heddle', 'heddle/executors', 'heddle/schedules']) {
    await using program = new Program(older, ['--input-type=module', '--eval', `import '${entry}'`], {}, folder);

    assert.equal(await program.status(), 1);
    assert.match(
      program.stderr.join('\n'),
      /^Error: heddle needs Node 24 or newer; this is Node \S+ \(\/usr\/bin\/node\)\. Install one, or run npm install node@24 /m,
    );
  }
});

test('Bun and Deno, which only look like a Node that is new enough, are told so before anything runs', async () => {
  const heddle = join('node_modules', '.bin', 'heddle');
  for (const programs of [
    ['--input-type=module', '--eval', `import 'heddle/executors'`],
    [heddle, '--version'],
  ]) {
    for (const [name, other] of Object.entries({ bun: 'Bun 1.4.5', deno: 'Deno 2.9.6' })) {
      const versions = `{ ...process.versions, ${name}: '${other.split(' ')[1]}' }`;
      const disguise = `data:text/javascript,Object.defineProperty(process, 'versions', { value: ${versions} })`;
      await using program = new Program(process.execPath, ['--import', disguise, ...programs], {}, folder);

      assert.equal(await program.status(), 1);
      const told = new RegExp(`heddle needs Node 24 or newer; this is ${other} \\(.*npm install node@24 `, 'm');
      assert.match(program.stderr.join('\n'), told);
    }
  }
});

test('the commands of the installed package run a flow on a remote worker', { timeout: 60_000 }, async () => {
  const heddle = join(folder, 'node_modules', '.bin', 'heddle');
  const env = { HEDDLE_TOKEN: 'package', HEDDLE__CODE__DIRECTORY: join(folder, 'code') };
  await using program = new Program(heddle, ['run', 'flow.ts', '--listen', '0'], env, folder);
  const [, url] = /heddle worker (\S+)/.exec(await program.line(/waiting for a worker/))!;
  await using worker = new Program(heddle, ['worker', url!], env, tmpdir());

  await program.line(/^\[2,4,6\]$/);
  assert.equal(await program.status(), 0);
  await worker.line(/left ws:.* the cluster was closed/);
});

test('users of the package inherit neither the Node that this repository brings nor its development tools', () => {
  const published = JSON.parse(readFileSync('dist/package.json', 'utf8')) as Record<string, object>;

  assert.equal(published['optionalDependencies'], undefined);
  assert.equal(published['devDependencies'], undefined);
  assert.equal(published['scripts'], undefined);
  assert.deepEqual(Object.keys(published['dependencies']!), [
    '@hpcc-js/wasm-graphviz',
    'acorn',
    'commander',
    'croner',
    'esbuild',
    'msgpackr',
    'nanoid',
    'piscina',
    'rrule',
    'smol-toml',
    'ws',
  ]);
});

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
