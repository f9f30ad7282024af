import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtempDisposable, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { withConfig } from '../with-config.ts';
import { HeddleError, UsageError } from '../../src/lib/heddle-error.ts';
import { LocalResult, type LocalResultOptions } from '../../src/results/local-result.ts';
import { resultOf } from '../../src/results/result-kinds.ts';
import { serializers } from '../../src/results/serializers.ts';
import { asNobody } from './as-nobody.ts';

const value = { rows: [{ id: 1, day: new Date(0) }], ids: new Set([1, 2]) };

// Prefect returns a new result that knows its location; here whoever writes knows the location already.
test('what was written is read again, in directories that are made on the way [P269]', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: join(room.path, 'not', 'yet') });

  assert.equal(await result.exists('a/b/c.bin'), false);
  assert.equal(await result.write(value, 'a/b/c.bin'), undefined);

  assert.equal(await result.exists('a/b/c.bin'), true);
  assert.deepEqual(await result.read('a/b/c.bin'), value);
  assert.deepEqual(await readdir(join(room.path, 'not', 'yet', 'a', 'b')), ['c.bin']);
});

test('the last one written is read', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path });

  await result.write('a longer text', 'x.bin');
  await result.write(1, 'x.bin');

  assert.equal(await result.read('x.bin'), 1);
});

test('the serializer decides what is in the file', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path, serializer: serializers.json });

  await result.write({ a: 1 }, 'x.json');

  assert.equal(result.serializer, serializers.json);
  assert.equal(await readFile(join(room.path, 'x.json'), 'utf8'), '{"a":1}\n');
});

test('nothing is written of a value that the serializer refuses', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path, serializer: serializers.json });

  await assert.rejects(result.write(value, 'deep/x.json'), {
    code: 'VALUE_NOT_SERIALIZABLE',
    path: 'value.rows[0].day',
  });

  assert.deepEqual(await readdir(room.path), []);
});

test('the directory is ~/.heddle/results if not given, and may begin with ~', () => {
  assert.equal(new LocalResult().directory, join(homedir(), '.heddle', 'results'));
  assert.equal(new LocalResult().serializer, serializers.v8);
  assert.equal(new LocalResult({ directory: '~/mine' }).directory, join(homedir(), 'mine'));
  assert.equal(new LocalResult({ directory: 'mine' }).directory, join(process.cwd(), 'mine'));
  assert.equal(new LocalResult({ directory: '~mine' }).directory, join(process.cwd(), '~mine'));
});

test('wrong options are refused at once, with the nearest right one', () => {
  const wrong: readonly [unknown, RegExp][] = [
    [{ dir: 'x' }, /LocalResult has no option 'dir'\. Here it is 'directory'\./],
    [{ directroy: 'x' }, /Did you mean 'directory'\?/],
    [{ directory: '' }, /option 'directory' of LocalResult should be a text that is not empty; got ''/],
    [{ directory: 7 }, /got 7/],
    [
      { serializer: 'json' },
      /'serializer' of LocalResult should be a serializer, such as serializers\.json; got 'json'/,
    ],
    [{ serializer: JSON }, /should be a serializer/],
  ];

  for (const [options, message] of wrong) {
    assert.throws(
      () => new LocalResult(options as LocalResultOptions),
      (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

const strays: readonly (readonly [location: unknown, problem: RegExp])[] = [
  ['../x', /leads out of a directory/],
  ['a/../../x', /leads out of a directory/],
  ['a/../x', /leads out of a directory/],
  ['a\\..\\x', /leads out of a directory/],
  ['..', /leads out of a directory/],
  ['/etc/x', /absolute path/],
  ['C:\\x', /absolute path/],
  ['C:x', /absolute path/],
  ['\\\\host\\share\\x', /absolute path/],
  ['a//b', /part.* is empty/],
  ['a/', /part.* is empty/],
  ['./a', /part.* is empty/],
  ['', /it is empty/],
  ['a\0b', /NUL/],
  [undefined, /not a text/],
  [7, /not a text/],
];

for (const [location, problem] of strays) {
  test(`the location ${JSON.stringify(location)} is refused, and nothing is touched`, async () => {
    await using room = await temporary();
    const result = new LocalResult({ directory: join(room.path, 'results') });
    const expected = (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.code, 'INVALID_LOCATION');
      assert.match(error.message, problem);
      return true;
    };

    await assert.rejects(result.write(1, location as string), expected);
    await assert.rejects(result.read(location as string), expected);
    await assert.rejects(result.exists(location as string), expected);
    assert.deepEqual(await readdir(room.path), []);
  });
}

for (const location of ['sizes//data/in/a.csv', '/data/in/a.csv', 'sizes/../a.csv', 'C:\\data\\a.csv']) {
  test(`who made '${location}' of a path is told how to take the name of the file`, async () => {
    await using room = await temporary();

    const read = new LocalResult({ directory: room.path }).read(location);

    await assert.rejects(read, {
      message:
        /If a path is part of it, .* target: \(\{ inputs: \[path\] \}\) => `sizes\/\$\{basename\(path\)\}\.json`$/,
    });
  });
}

test('dots within a name lead nowhere', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path });

  for (const location of ['a..b', '...', '..a/b..', '.hidden']) {
    await result.write(location, location);
    assert.equal(await result.read(location), location);
  }
});

test('a result that does not exist says which, and where it would be', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path });
  await result.write(1, 'file');

  for (const location of ['none.bin', 'no/such/directory.bin', 'file/below']) {
    const path = join(room.path, location);
    assert.equal(await result.exists(location), false);
    await assert.rejects(result.read(location), {
      code: 'RESULT_NOT_FOUND',
      message: `there is no result '${location}': ${path} does not exist`,
      location,
      path,
    });
  }
});

test('a damaged file is told, with its path, the serializer and the original error [P272]', async () => {
  await using room = await temporary();
  const path = join(room.path, 'x.json');
  await writeFile(path, '{"rows": [1, 2');

  const error = await rejection(new LocalResult({ directory: room.path, serializer: serializers.json }).read('x.json'));

  assert.equal(error.code, 'RESULT_UNREADABLE');
  assert.ok(error.cause instanceof SyntaxError);
  assert.equal(
    error.message,
    `the result 'x.json' is not what the serializer 'json' writes, or it was damaged ` +
      `(${error.cause.message}): ${path}. ` +
      'Remove the file to have it made again, or read it with its own serializer.',
  );
  const facts = Object.fromEntries(Object.entries(error).filter(([name]) => name !== 'name'));
  assert.deepEqual(facts, { code: 'RESULT_UNREADABLE', location: 'x.json', path, serializer: 'json' });
});

test('a file that was cut, emptied or written by another serializer is unreadable, never another value', async () => {
  await using room = await temporary();
  const [v8, json] = [serializers.v8, serializers.json].map(
    (serializer) => new LocalResult({ directory: room.path, serializer }),
  );
  const path = join(room.path, 'x');

  await v8!.write(value, 'x');
  await assert.rejects(json!.read('x'), { code: 'RESULT_UNREADABLE' });
  await truncate(path, 9);
  await assert.rejects(v8!.read('x'), { code: 'RESULT_UNREADABLE', serializer: 'v8' });
  await truncate(path, 0);
  await assert.rejects(v8!.read('x'), { code: 'RESULT_UNREADABLE' });
  await json!.write(1, 'x');
  await assert.rejects(v8!.read('x'), { code: 'RESULT_UNREADABLE' });
});

test('a directory is no result', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path });
  await mkdir(join(room.path, 'd'));

  assert.equal(await result.exists('d'), false);
  await assert.rejects(result.read('d'), { code: 'RESULT_UNREADABLE', path: join(room.path, 'd') });
  await assert.rejects(result.write(1, 'd'), { code: 'RESULT_UNWRITABLE', path: join(room.path, 'd') });
  assert.deepEqual(await readdir(room.path), ['d']);
});

test('a location below a file cannot be written, and says why', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path });
  await result.write('kept', 'file');

  const error = await rejection(result.write(1, 'file/below'));

  assert.equal(error.code, 'RESULT_UNWRITABLE');
  assert.match(
    error.message,
    /^the result 'file\/below' could not be written to .*: E\w+.*; move away the file that is/,
  );
  assert.ok(error.cause instanceof Error);
  assert.equal(await result.read('file'), 'kept');
});

test(
  'a directory below one that takes none is told as such',
  { skip: process.platform === 'linux' ? false : 'elsewhere no such folder is known' },
  async () => {
    const result = new LocalResult({ directory: '/proc/none/there' });

    const error = await rejection(result.write(1, 'x'));

    assert.equal(error.code, 'RESULT_UNWRITABLE');
    assert.match(error.message, /ENOENT.*; give LocalResult another directory$/);
  },
);

test('where the folder of the configuration cannot be written to, it is said how to name another', async () => {
  await using room = await temporary();
  await new LocalResult({ directory: room.path }).write('kept', 'file');
  const directory = join(room.path, 'file');
  const results = withConfig({ results: { directory } }, () => [new LocalResult({ directory }), new LocalResult()]);

  const said = await Promise.all(results.map(async (result) => (await rejection(result.write(1, 'x'))).message));

  assert.deepEqual(
    said.map((message) => /: E\w+: .* as results\.directory in .*HEDDLE__RESULTS__DIRECTORY/.test(message)),
    [false, true],
  );
});

test(
  'a directory that may not be written to, or not be entered, is told as such',
  { skip: process.platform === 'win32' ? 'Windows has no such permissions' : false },
  async () => {
    await using room = await temporary();
    const result = new LocalResult({ directory: room.path });
    await result.write('kept', 'deep/x');
    await chmod(room.path, 0o755);
    await chmod(join(room.path, 'deep'), 0o555);

    await asNobody(async () => {
      const error = await rejection(result.write(1, 'deep/y'));
      assert.equal(error.code, 'RESULT_UNWRITABLE');
      assert.match(error.message, /EACCES.*; let whoever runs the task write there, or give LocalResult another/);
      assert.equal(await result.read('deep/x'), 'kept');
    });

    await chmod(join(room.path, 'deep'), 0o000);
    await asNobody(async () => {
      await assert.rejects(result.read('deep/x'), { code: 'RESULT_UNREADABLE' });
      await assert.rejects(result.exists('deep/x'), { code: 'RESULT_UNREADABLE' });
    });
    await chmod(join(room.path, 'deep'), 0o755);
    assert.deepEqual(await readdir(join(room.path, 'deep')), ['x']);
  },
);

test('a link of the user may lead elsewhere', async () => {
  await using room = await temporary();
  await using elsewhere = await temporary();
  await symlink(elsewhere.path, join(room.path, 'link'));
  const result = new LocalResult({ directory: room.path });

  await result.write(1, 'link/x');

  assert.deepEqual(await readdir(elsewhere.path), ['x']);
});

test('two processes that write one location at once never show a reader half of a value', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path, serializer: serializers.json });
  await result.write({ writer: 'none', round: 0, length: 1, rows: ['none 0'] }, 'deep/x.json');
  const running = new Set(['a', 'b']);
  const writers = [...running].map(async (writer) => {
    const code = await writerProcess([room.path, 'deep/x.json', writer, '150']);
    running.delete(writer);
    return code;
  });

  const seen = new Set<string>();
  while (running.size > 0) {
    const { writer, round, length, rows } = (await result.read('deep/x.json')) as Written;
    assert.deepEqual(new Set(rows), new Set([`${writer} ${round}`]));
    assert.equal(rows.length, length);
    seen.add(`${writer} ${round}`);
  }

  assert.deepEqual(await Promise.all(writers), [0, 0]);
  assert.ok(seen.size > 1);
  assert.equal(((await result.read('deep/x.json')) as Written).round, 149);
  assert.deepEqual(await readdir(join(room.path, 'deep')), ['x.json']);
});

test('many writes at once in one process make every directory once, and lose nothing', async () => {
  await using room = await temporary();
  const result = new LocalResult({ directory: room.path });
  const locations = Array.from({ length: 100 }, (_, index) => `a/${index % 7}/b/${index}.bin`);

  await Promise.all(locations.map((location) => result.write(location, location)));

  assert.deepEqual(await Promise.all(locations.map((location) => result.read(location))), locations);
});

test('its description makes it again in a thread', async () => {
  await using room = await temporary();
  const serializer = serializers.compressed(serializers.v8, { format: 'zstd' });
  const result = new LocalResult({ directory: room.path, serializer });
  await result.write(value, 'x');

  const description = result.describe();
  const workerData = { description, location: 'x' };
  const worker = new Worker(new URL('read-in-thread.fixture.ts', import.meta.url), { workerData });
  const [stored] = (await once(worker, 'message')) as [unknown];

  assert.deepEqual(description, { kind: 'local', directory: room.path, serializer: 'v8+zstd' });
  assert.deepEqual(stored, value);
  assert.deepEqual(resultOf(description).describe(), description);
});

test('the default directory is the configured one', () => {
  const directory = withConfig({ results: { directory: '/stored/here' } }, () => new LocalResult().directory);

  assert.equal(directory, '/stored/here');
});

test('the default directory is left to the machine that makes it again', () => {
  assert.deepEqual(new LocalResult().describe(), { kind: 'local', serializer: 'v8' });
  assert.deepEqual(resultOf({ kind: 'local', serializer: 'v8' }).describe(), { kind: 'local', serializer: 'v8' });
});

test('a serializer that a worker could not find is told before anything is sent', () => {
  const stranger = new LocalResult({ serializer: { ...serializers.json, name: 'stranger' } });
  const impostor = new LocalResult({ serializer: { ...serializers.v8, name: 'json' } });

  assert.throws(() => stranger.describe(), { code: 'UNKNOWN_SERIALIZER', message: /'stranger'.*registerSerializer/ });
  assert.throws(() => impostor.describe(), { code: 'UNKNOWN_SERIALIZER', message: /'json'/ });
});

interface Written {
  readonly writer: string;
  readonly round: number;
  readonly length: number;
  readonly rows: readonly string[];
}

function temporary() {
  return mkdtempDisposable(join(tmpdir(), 'heddle-results-'));
}

async function writerProcess(args: readonly string[]): Promise<number | null> {
  const file = fileURLToPath(new URL('writer.fixture.ts', import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function rejection(promise: Promise<unknown>): Promise<HeddleError> {
  const error = await promise.then(
    () => assert.fail('it was fulfilled'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HeddleError);
  return error;
}
