import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { State } from '../../src/flow/state.ts';
import { toSvg } from '../../src/views/svg.ts';
import { hostile, mapped, named, nightly, states } from './fixtures.ts';

test('the picture has the labels and the colours', async () => {
  const stateOf = states({ load: new State('Failed', 'no rows'), score: mapped('Success', 'Skipped') });
  const svg = await toSvg(nightly(), { stateOf });

  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!.trim());
  assert.deepEqual(
    texts.toSorted((one, other) => (one < other ? -1 : 1)),
    [
      '0',
      '1',
      '1',
      '1 Success, 1 Skipped',
      'Failed',
      'Skipped',
      'clean &lt;map&gt;',
      'load',
      'notify',
      'path',
      'score &lt;map&gt;',
      'total',
    ],
  );
  assert.match(svg, /fill="#eb0000" fill-opacity="0\.50/);
  assert.match(svg, /xlink:title="Failed: no rows"/);
});

test('names may be any text', async () => {
  const svg = await toSvg(named(hostile));

  assert.doesNotMatch(svg, /<script|<img|<\/script/);
  assert.match(svg, /&lt;img src=x onerror=/);
  assert.match(svg, /&amp; \\n/);
});

test('a package that cannot be loaded is named, with what to do', () => {
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({
      resolve(specifier, context, next) {
        if (specifier.startsWith('@hpcc-js/')) throw new Error('It is not there.');
        return next(specifier, context);
      },
    });
    const { Graph } = await import(${JSON.stringify(import.meta.resolve('../../src/flow/graph.ts'))});
    const { toSvg } = await import(${JSON.stringify(import.meta.resolve('../../src/views/svg.ts'))});
    await toSvg(new Graph('f')).catch(({ code, message }) => process.stdout.write(code + ' ' + message));
  `;

  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });

  assert.equal(
    stdout,
    `GRAPHVIZ_UNAVAILABLE a picture as SVG is drawn by the package '@hpcc-js/wasm-graphviz', which could not be loaded: It is not there. Install it with npm install @hpcc-js/wasm-graphviz, or take the picture as DOT or Mermaid, which need nothing.`,
  );
});
