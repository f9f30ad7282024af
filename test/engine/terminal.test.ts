// What is seen on a terminal, where the progress of a run is drawn again and again.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify, stripVTControlCharacters } from 'node:util';

const escape = '\u001B';
const hasScript = spawnSync('script', ['-qec', 'true', '/dev/null'], { timeout: 10_000 }).status === 0;
const skip = hasScript ? false : `needs the command 'script' of util-linux`;

for (const where of ['', '--processes']) {
  test(
    `what tasks print stays on the screen, beside the progress ${where}`.trim(),
    { timeout: 60_000, skip },
    async () => {
      const written = await writtenBy(`test/fixtures/prints.ts ${where}`);

      const screen = screenOf(written);
      const printed = screen.filter((line) => /^line \d/.test(line)).map((line) => line.trim());
      assert.deepEqual(printed, [
        'line 1',
        'line 2',
        'line 3',
        'line 4',
        'line 5',
        'line 6',
        'line 7',
        'line 8',
        'line 9',
        'line 10',
      ]);
      assert.ok(screen.includes('dot1 dot2 dot3 dot4 dot5'), screen.join('\n'));
      assert.match(written, /^lines +█+░/m, 'also after what is no text');
      assert.equal(screen.filter((line) => /^lines +█/.test(line)).length, 1);
    },
  );
}

test('no line of the log takes a look at how far each task is', { timeout: 60_000, skip }, async () => {
  const code = `
    let looks = 0;
    class Watched extends NodeRun {
      get isDone() {
        looks += 1;
        return super.isDone;
      }
    }
    const terminal = new Terminal();
    terminal.follow([new Watched({ slug: "lines" })]);
    for (let count = 0; count < 1000; count += 1) terminal.write({ time: 0, level: "info", message: "a line" });
    terminal[Symbol.dispose]();
    console.log("looks:", looks);`;
  const written = await writtenBy(evaluated(code));

  const [, looks] = /looks: (\d+)/.exec(stripVTControlCharacters(written))!;
  assert.ok(Number(looks) < 100, `there were ${looks} looks`);
});

test(
  'what is left on the screen at the end leaves room for the last lines of the log',
  { timeout: 60_000, skip },
  async () => {
    const code = `
    const terminal = new Terminal();
    const runs = Array.from({ length: 50 }, (_, index) => new NodeRun({ slug: "task-" + index }));
    for (const run of runs) run.submittedAs(1, { length: 0, isList: true });
    terminal.follow(runs);
    terminal.write({ time: 0, level: "info", message: "the end" });
    terminal[Symbol.dispose]();`;
    const written = await writtenBy(evaluated(code), 'rows 8 cols 100');

    const screen = screenOf(written).filter((line) => line !== '');
    assert.deepEqual(
      screen.map((line) => line.replace(/ +█.*|.* \| /, '')),
      ['the end', 'task-0', 'task-1', 'task-2', 'task-3', 'and 46 more'],
    );
  },
);

test('a terminal that does not know how wide it is shows whole lines', { timeout: 60_000, skip }, async () => {
  const code = `
    const terminal = new Terminal();
    const run = new NodeRun({ slug: "lines" });
    run.submittedAs(1, { length: 0, isList: true });
    terminal.follow([run]);
    terminal[Symbol.dispose]();`;
  const written = await writtenBy(evaluated(code), 'rows 0 cols 0');

  assert.match(screenOf(written)[0]!, /^lines .*\/s$/);
});

/** What Node, called so, writes to a terminal of this size. */
async function writtenBy(call: string, size = 'rows 40 cols 100'): Promise<string> {
  const program = `stty ${size}; '${process.execPath}' ${call}`;
  const { stdout } = await promisify(execFile)('script', ['-qec', program, '/dev/null']);
  return stdout;
}

/** How to call Node with code that shows runs on a terminal. */
function evaluated(code: string): string {
  const imports = `
    import { NodeRun } from "./src/engine/flow-run/node-run.ts";
    import { Terminal } from "./src/engine/flow-run/terminal.ts";`;
  return `--input-type=module --eval '${imports}${code}'`;
}

/** What there is to see after all that was written, as far as Node moves the cursor and clears the screen. */
function screenOf(written: string): string[] {
  const lines = [''];
  let row = 0;
  const tokens = new RegExp(String.raw`${escape}\[(\d*)([A-Z])|\r|\n|[^${escape}\r\n]+`, 'g');
  for (const [token, count = '1', order] of written.matchAll(tokens)) {
    if (order === 'A') row = Math.max(0, row - Number(count));
    else if (order === 'J') lines.splice(row, Infinity, '');
    else if (token === '\n') lines[(row += 1)] ??= '';
    else if (order === undefined && token !== '\r') lines[row] += token;
  }
  return lines;
}
