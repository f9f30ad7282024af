import { HeddleError } from '../lib/heddle-error.ts';
import { messageIn } from '../lib/thrown-text.ts';
import type { Graph } from '../flow/graph.ts';
import { toDot } from './dot.ts';
import type { PictureOptions } from './drawing.ts';

/**
 * The picture of `toDot`, drawn by Graphviz. That is loaded on the first call; rejects with `GRAPHVIZ_UNAVAILABLE` when
 * it cannot be.
 */
export async function toSvg(graph: Graph, options: PictureOptions = {}): Promise<string> {
  const dot = toDot(graph, options);
  const graphviz = await loadGraphviz();
  return graphviz.dot(dot, 'svg');
}

async function loadGraphviz(): Promise<{ dot(source: string, format: 'svg'): string }> {
  try {
    const { Graphviz } = await import('@hpcc-js/wasm-graphviz');
    return await Graphviz.load();
  } catch (cause) {
    const reason = messageIn(cause);
    const message =
      `a picture as SVG is drawn by the package '@hpcc-js/wasm-graphviz', which could not be loaded: ${reason} ` +
      `Install it with npm install @hpcc-js/wasm-graphviz, or take the picture as DOT or Mermaid, which need nothing.`;
    throw new HeddleError('GRAPHVIZ_UNAVAILABLE', message, { cause });
  }
}
