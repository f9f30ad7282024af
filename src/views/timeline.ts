// One page about one run: header, tasks, timeline, failures. All but the timeline is there without the script too.

import { createHash } from 'node:crypto';
import { formatDuration } from '../lib/duration.ts';
import type { StateType } from '../flow/state.ts';
import { formatCount, printable, shortened } from './printable.ts';
import { stateColors } from './state-colors.ts';
import type { TimelineFailure, TimelineRun, TimelineTask } from './timeline-run.ts';
import { timelineScript } from './timeline-script.ts';
import { packSpans, taskColor } from './timeline-spans.ts';
import { timelineStyle } from './timeline-style.ts';

const maxFailures = 200;
const maxMessageCharacters = 2_000;
const maxIndices = 10;

/** The page as one file that needs nothing else: it opens from a disk, in light and dark, and prints. */
export function timelineHtml(run: TimelineRun): string {
  const name = `${escapeHtml(run.flow)} · ${escapeHtml(run.flowRun)}`;
  const message = run.message === undefined ? '' : `<p>${escapeHtml(shortened(run.message, maxMessageCharacters))}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy()}">
<title>${name}</title>
<style>${timelineStyle}</style>
</head>
<body>
<header>
<h1>${escapeHtml(run.flow)} <small>${escapeHtml(run.flowRun)}</small></h1>
${message}
${factList(run)}
</header>
<main>
${taskTable(run.tasks)}
${timeline(run)}
${failureTable(run.failures)}
</main>
</body>
</html>
`;
}

/** Only the one script may run, whatever the names and messages of a run hold; and nothing is ever loaded. */
function contentPolicy(): string {
  const hash = createHash('sha256').update(timelineScript).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
}

function factList(run: TimelineRun): string {
  const start = new Date(run.startedAt).toISOString();
  const facts = [
    ['State', chip(run.state)],
    ['Started', `<time datetime="${start}">${start.slice(0, 19).replace('T', ' ')} UTC</time>`],
    ['Duration', duration(run.durationMs)],
    ['Task runs', formatCount(run.taskRuns)],
    ['Workers', formatCount(run.workers)],
    ['Threads', formatCount(run.threads)],
  ];
  return `<dl>${facts.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('')}</dl>`;
}

function taskTable(tasks: readonly TimelineTask[]): string {
  const rows = tasks.map(({ name, isMapped, counts, durations }, position) => {
    const given = (Object.entries(counts) as [StateType, number][]).filter(([, count]) => count > 0);
    const total = given.reduce((sum, [, count]) => sum + count, 0);
    const chips = given.sort(([, one], [, other]) => other - one).map(([state, count]) => chip(state, count));
    const times = [durations?.totalMs, durations?.meanMs, durations?.maxMs].map((time) => {
      return `<td class="number">${time === undefined ? '–' : duration(time)}</td>`;
    });
    const swatch = `<i class="swatch" style="background:${taskColor(position)}"></i>`;
    const label = `${swatch}${escapeHtml(name)}${isMapped ? ' <small>mapped</small>' : ''}`;
    const cells = [`<td class="number">${formatCount(total)}</td>`, `<td>${chips.join(' ')}</td>`, ...times];
    return `<tr><th scope="row">${label}</th>${cells.join('')}</tr>`;
  });
  const heads = ['Task', 'Runs', 'States', 'Total', 'Mean', 'Longest'];
  return section('Tasks', table(heads, rows, [1, 3, 4, 5]));
}

function timeline(run: TimelineRun): string {
  if (run.spans.length === 0) return section('Timeline', '<p>No task run was recorded.</p>');
  return section(
    'Timeline',
    `<noscript><p>The timeline is drawn by a script, and scripts are turned off.</p></noscript>
<div id="controls" hidden>
<button type="button" data-do="in">Zoom in</button> <button type="button" data-do="out">Zoom out</button>
<button type="button" data-do="earlier">Earlier</button> <button type="button" data-do="later">Later</button>
<button type="button" data-do="all">Whole run</button>
<span class="hint">Drag to zoom. Arrow keys go from bar to bar. <i class="swatch failed"></i>some failed</span>
</div>
<div id="chart">
<div id="labels"></div>
<div id="plot" tabindex="0" role="group" aria-label="Timeline: a row for each thread. Arrow keys go from bar to bar.">
<div id="axis"></div><canvas id="canvas"></canvas><div id="selection" hidden></div><div id="mark" hidden></div>
<div id="tip" role="status" hidden></div>
</div>
</div>
<script type="application/json" id="run">${embedJson(packSpans(run))}</script>
<script>${timelineScript}</script>`,
  );
}

/** Failures of one task with the same message are one row: a thousand children often fail for one reason. */
function failureTable(failures: readonly TimelineFailure[]): string {
  if (failures.length === 0) return section('Failures', '<p>None.</p>');
  const groups = [
    ...Map.groupBy(failures, ({ task, state, message }) => JSON.stringify([task, state, message])).values(),
  ];
  const rows = groups.slice(0, maxFailures).map((group) => {
    const { task, state, message } = group[0]!;
    const text = escapeHtml(shortened(message, maxMessageCharacters));
    const which = `<th scope="row">${escapeHtml(task)}</th><td class="index">${escapeHtml(indices(group))}</td>`;
    return `<tr>${which}<td>${chip(state)}</td><td class="message">${text}</td></tr>`;
  });
  const left = groups.slice(maxFailures).reduce((sum, group) => sum + group.length, 0);
  const rest = left === 0 ? '' : `<p>And ${formatCount(left)} more.</p>`;
  const heads = ['Task', 'Map index', 'State', 'Message'];
  return section(`Failures (${formatCount(failures.length)})`, `${table(heads, rows, [])}${rest}`);
}

function indices(failures: readonly TimelineFailure[]): string {
  const all = failures.flatMap(({ mapIndex }) => mapIndex ?? []).sort((one, other) => one - other);
  const shown = all.slice(0, maxIndices).join(', ');
  return all.length <= maxIndices ? shown : `${shown} and ${formatCount(all.length - maxIndices)} more`;
}

function chip(state: StateType, count?: number): string {
  const text = count === undefined ? state : `${formatCount(count)} ${state}`;
  return `<span class="chip"><i class="swatch" style="background:${stateColors[state]}"></i>${escapeHtml(text)}</span>`;
}

/** Mapped children often take less than a millisecond each. */
function duration(milliseconds: number): string {
  return milliseconds < 9.5 ? `${Number(milliseconds.toPrecision(2))} ms` : formatDuration(milliseconds);
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${title}</h2>\n${content}\n</section>`;
}

function table(heads: readonly string[], rows: readonly string[], numeric: readonly number[]): string {
  const head = heads.map(
    (text, column) => `<th scope="col"${numeric.includes(column) ? ' class="number"' : ''}>${text}</th>`,
  );
  const content = `<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>`;
  return `<div class="scroll"><table>\n${content}\n</table></div>`;
}

/** Text as HTML shows it, in elements and in quoted attributes alike. */
function escapeHtml(text: string): string {
  return printable(text).replaceAll(/[&<>"'`]/g, (found) => `&#${found.codePointAt(0)!};`);
}

/** A value for a script element that holds JSON: nothing in it can end the element. */
function embedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
}
