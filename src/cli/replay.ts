import { formatDuration } from '../lib/duration.ts';
import { plural } from '../lib/plural.ts';
import { replay as replayFile } from '../scheduler/recording.ts';

/** `heddle replay`: says what happened, and where everything stood at the end. */
export async function replay(file: string): Promise<void> {
  const { core, events, commands, spanMs, isCut } = await replayFile(file);
  const { settled, lost } = core.totals;
  const lines = [
    `${plural(events, 'event')} within ${formatDuration(spanMs)}, and the same ${plural(commands, 'command')}`,
    `${plural(settled, 'task run')} settled, ${lost} lost with their thread or worker`,
    `at the end ${plural(core.fleet.workers.size, 'worker')}, and ${plural(core.arrays.size, 'array')}`,
  ];
  if (isCut) lines.unshift('The last line of the recording was cut off: what happened then, and later, is not in it');
  for (const { id, length, settled: done } of core.arrays.values()) {
    const next = [...done].find(({ start }) => start === 0)?.end ?? 0;
    const rest = next < length ? `; ${core.explain(id, next)}` : '';
    lines.push(`array ${id}: ${done.size} of ${length} settled${rest}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
