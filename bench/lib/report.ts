import { usualWarmUpRounds, type Findings, type Goal, type Line } from './measurement.ts';
import type { Setting } from './setting.ts';

/** One Markdown table, readable as it is, and below it what was measured, and where. */
export function formatReport(findings: readonly Findings[], setting: Setting): string {
  const header = ['measurement', 'who', 'min', 'median', 'max', '', 'goal'];
  const rows = findings.flatMap(({ name, lines }) =>
    lines.map((line, position) => [position === 0 ? name : '', line.name, ...cellsOf(line)]),
  );
  const titles = findings.map(({ name, title, absent }) => {
    return [`- ${name}: ${title}`, ...absent.map((why) => `  Not measured: ${why}.`)].join('\n');
  });
  return [table([header, ...rows]), titles.join('\n'), describeSetting(setting)].join('\n\n');
}

function cellsOf({ min, median, max, unit, goal }: Line): string[] {
  return [...[min, median, max].map(formatFigure), unit, goal === undefined ? '' : verdictOn(median, goal)];
}

function verdictOn(median: number, goal: Goal): string {
  const isMet = 'atLeast' in goal ? median >= goal.atLeast : median <= goal.atMost;
  const text = 'atLeast' in goal ? `≥ ${formatFigure(goal.atLeast)}` : `≤ ${formatFigure(goal.atMost)}`;
  return isMet ? text : `${text} missed`;
}

function formatFigure(figure: number): string {
  return figure.toLocaleString('en', figure >= 1_000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}

function table(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const widths = header.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const isFigure = (column: number) => column >= 2 && column <= 4;
  const format = (row: readonly string[]) => {
    const cells = row.map((cell, column) =>
      isFigure(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
    );
    return `| ${cells.join(' | ')} |`;
  };
  const rule = widths.map((width, column) => (isFigure(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [format(header), `| ${rule.join(' | ')} |`, ...rows.slice(1).map(format)].join('\n');
}

function describeSetting({ rounds, machine, versions, loadBefore, loadAfter, date }: Setting): string {
  const { cpu, cores, memoryGiB, system } = machine;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${rounds} rounds in turn after ${usualWarmUpRounds} to warm up. A ratio says how many times as fast the first is as ` +
      'the second, taken round by round.',
    `Machine: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; ` +
      `load average ${loadBefore} before, ${loadAfter} after.`,
    `Versions: ${names.join(', ')}.`,
    `Measured ${date}.`,
  ].join('\n');
}
