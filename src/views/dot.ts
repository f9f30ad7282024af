import type { Graph } from '../flow/graph.ts';
import { drawingOf, type Drawing, type Group, type PictureOptions, type Shape } from './drawing.ts';
import { fillColor, stateColors } from './state-colors.ts';

type Attributes = Readonly<Record<string, string | undefined>>;

const font = 'Helvetica,Arial,sans-serif';
/** A stripe for few children among many is drawn this wide, or nobody would see it. */
const minStripe = 0.04;

/**
 * The flow as a graph in DOT, the language of Graphviz. Parameters are ellipses, tasks rounded boxes, mapped tasks
 * boxes; with states, up to 20 children of a mapped task are drawn, of more the counts.
 */
export function toDot(graph: Graph, options: PictureOptions = {}): string {
  const drawing = drawingOf(graph, options);
  const lines = [
    `graph ${list({ rankdir: options.horizontal === true ? 'LR' : 'TB', bgcolor: 'white', compound: 'true' })}`,
    `node ${list({ shape: 'box', fontname: font, fontsize: '12', margin: '0.2,0.08' })}`,
    `edge ${list({ fontname: font, fontsize: '10' })}`,
    ...drawing.elements.flatMap(elementLines),
    ...arrowLines(drawing),
  ];
  return `digraph ${quote(drawing.title)} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

function elementLines(element: Shape | Group): string[] {
  if (element.type !== 'group') return [shapeLine(element)];
  // The label is a node beside the children: the arrows to the children would run over one above them.
  return [
    `subgraph ${quote(clusterOf(element.id))} {`,
    `  graph ${list({ style: 'rounded', color: '#808080' })}`,
    `  subgraph {`,
    `    graph ${list({ rank: 'same' })}`,
    `    ${quote(element.id)} ${list({ label: element.lines.join('\n'), shape: 'plaintext' })}`,
    ...element.children.map((child) => `    ${shapeLine(child)}`),
    '  }',
    '}',
  ];
}

function clusterOf(id: string): string {
  return `cluster_${id}`;
}

function shapeLine(shape: Shape): string {
  const look = { ...lookOf(shape), ...fillOf(shape), tooltip: shape.tooltip };
  return `${quote(shape.id)} ${list({ label: shape.lines.join('\n'), ...look })}`;
}

function lookOf({ type }: Shape): Attributes {
  if (type === 'parameter') return { shape: 'ellipse' };
  if (type === 'task') return { style: 'rounded' };
  return type === 'child' ? { width: '0.4', height: '0.3', margin: '0.08,0.04', fontsize: '10' } : {};
}

function fillOf({ type, states }: Shape): Attributes {
  const [first] = states;
  if (first === undefined) return {};
  if (states.length === 1) {
    const style = type === 'task' ? 'rounded,filled' : 'filled';
    return { style, fillcolor: fillColor(first.type), color: stateColors[first.type] };
  }
  const total = states.reduce((sum, { count }) => sum + count, 0);
  const shares = states.map(({ count }) => Math.max(minStripe, count / total));
  const sum = shares.reduce((sum, share) => sum + share, 0);
  // The last stripe gets what is left, so that rounding cannot make the sum more than the whole.
  const stripes = states.map(({ type }, position) => {
    const isLast = position === states.length - 1;
    return isLast ? fillColor(type) : `${fillColor(type)};${Math.floor((shares[position]! / sum) * 1_000) / 1_000}`;
  });
  return { style: 'striped', fillcolor: stripes.join(':') };
}

function arrowLines({ elements, arrows }: Drawing): string[] {
  const groups = new Set(elements.filter(({ type }) => type === 'group').map(({ id }) => id));
  // An arrow to or from a whole group ends at its border.
  const border = (id: string) => (groups.has(id) ? clusterOf(id) : undefined);
  return arrows.map(({ from, to, line, label }) => {
    const style = line === 'solid' ? undefined : line;
    const text = label === undefined ? undefined : ` ${label} `;
    const attributes = list({ style, label: text, ltail: border(from), lhead: border(to) });
    return `${quote(from)} -> ${quote(to)}${attributes === '[]' ? '' : ` ${attributes}`}`;
  });
}

function list(attributes: Attributes): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return `[${given.map(([name, value]) => `${name}=${quote(value!)}`).join(' ')}]`;
}

/** Graphviz reads backslashes and HTML entities in its texts. */
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
