import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { build, type BuildOptions } from 'esbuild';
import { Program } from '../cli/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'heddle-application-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(process.cwd(), join(folder, 'node_modules/heddle'));
writeFileSync(join(folder, 'package.json'), '{ "name": "application", "type": "module" }');
writeFileSync(
  join(folder, 'app.ts'),
  `
import { Flow, task } from 'heddle';
import { DistributedExecutor, LocalCluster } from 'heddle/executors';
const double = task('double', (x: number) => 2 * x);
const flow = new Flow('f', { executor: new DistributedExecutor(() => new LocalCluster({ workers: 1 })) }, () => double(2));
void flow.run().then(({ output }) => console.log(output));
`,
);

const bundles: readonly (readonly [outfile: string, BuildOptions])[] = [
  ['app.js', { format: 'esm' }],
  // The package.json that is found from there is the application's.
  ['out/code/app.js', { format: 'esm' }],
  ['app.cjs', { format: 'cjs' }],
];

for (const [outfile, options] of bundles) {
  test(`who puts Heddle into a bundle, ${outfile}, is told to keep it outside`, { timeout: 60_000 }, async () => {
    await bundle(outfile, options);
    await using program = new Program(process.execPath, [join(folder, outfile)], {}, folder);

    assert.equal(await program.status(), 1);
    const told = program.stderr.join('\n');
    assert.match(told, /^HeddleError: Heddle was put into a bundle.* esbuild --external:heddle/m);
    assert.match(told, /code: 'HEDDLE_BUNDLED'/);
    assert.equal(told.includes(outfile.endsWith('.cjs') ? 'bundle, where' : `bundle, ${join(folder, outfile)}`), true);
  });
}

test('a bundle that Heddle is kept outside of runs on threads', { timeout: 60_000 }, async () => {
  await bundle('apart.js', { format: 'esm', external: ['heddle'] });
  await using program = new Program(process.execPath, [join(folder, 'apart.js')], {}, folder);

  assert.equal(await program.status(), 0, program.stderr.join('\n'));
  assert.equal(program.stdout.at(-1), '4');
});

async function bundle(outfile: string, options: BuildOptions): Promise<void> {
  const entryPoints = [join(folder, 'app.ts')];
  await build({
    entryPoints,
    bundle: true,
    platform: 'node',
    logLevel: 'error',
    outfile: join(folder, outfile),
    ...options,
  });
}
