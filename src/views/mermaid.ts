import type { Graph } from '../flow/graph.ts';
import { drawingOf, tellingState, type Arrow, type Drawing, type PictureOptions, type Shape } from './drawing.ts';
import { fillColor, stateColors } from './state-colors.ts';

/** What each kind of shape stands between. */
const brackets: Readonly<Record<Shape['type'], readonly [string, string]>> = {
  task: ['(', ')'],
  mapped: ['[', ']'],
  parameter: ['([', '])'],
  child: ['[', ']'],
};

/**
 * The flow as a Mermaid flowchart, which GitHub and many editors draw from a code block named `mermaid`. It shows what
 * `toDot` shows; a mapped task of many states has the colour of the one that says most.
 */
export function toMermaid(graph: Graph, options: PictureOptions = {}): string {
  const drawing = drawingOf(graph, options);
  const idOf = idsOf(drawing);
  const lines = [
    ...drawing.elements.flatMap((element) => {
      if (element.type !== 'group') return [shapeLine(element, idOf)];
      const children = element.children.map((child) => `  ${shapeLine(child, idOf)}`);
      return [`subgraph ${idOf(element.id)}[${label(element.lines)}]`, ...children, 'end'];
    }),
    ...drawing.arrows.map((arrow) => arrowLine(arrow, idOf)),
    ...dottedLines(drawing),
    ...stateClasses(drawing),
  ];
  return `flowchart ${options.horizontal === true ? 'LR' : 'TB'}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Ids that Mermaid takes: slugs may be any text. */
function idsOf({ elements }: Drawing): (id: string) => string {
  const ids = elements.flatMap((element) => {
    return element.type === 'group' ? [element.id, ...element.children.map((child) => child.id)] : [element.id];
  });
  const positions = new Map(ids.map((id, position) => [id, position]));
  return (id) => `n${positions.get(id)!}`;
}

function shapeLine(shape: Shape, idOf: (id: string) => string): string {
  const [open, close] = brackets[shape.type];
  const state = tellingState(shape.states);
  return `${idOf(shape.id)}${open}${label(shape.lines)}${close}${state === undefined ? '' : `:::${state}`}`;
}

function arrowLine({ from, to, line, label: text }: Arrow, idOf: (id: string) => string): string {
  const arrow = line === 'solid' ? '-->' : '-.->';
  return `${idOf(from)} ${arrow}${text === undefined ? '' : `|${label([text])}|`} ${idOf(to)}`;
}

/** Mermaid has but one broken line, so the dotted ones are told from the dashed by their style. */
function dottedLines({ arrows }: Drawing): string[] {
  const dotted = arrows.flatMap(({ line }, position) => (line === 'dotted' ? [position] : []));
  return dotted.length === 0 ? [] : [`linkStyle ${dotted.join(',')} stroke-dasharray:1 4`];
}

function stateClasses({ elements }: Drawing): string[] {
  const shapes = elements.flatMap((element) => (element.type === 'group' ? element.children : [element]));
  const types = new Set(shapes.flatMap(({ states }) => tellingState(states) ?? []));
  return [...types].map((type) => `classDef ${type} fill:${fillColor(type)},stroke:${stateColors[type]}`);
}

/** Whatever means something to Mermaid, or to the HTML and Markdown in its texts, is written as a number. */
function label(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replaceAll(/["#$%&*:;<>`\\]/g, (found) => `#${found.codePointAt(0)!};`));
  return `"${escaped.join('<br/>').replaceAll('\n', '<br/>')}"`;
}
