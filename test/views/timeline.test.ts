import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { timelineHtml } from '../../src/views/timeline.ts';
import type { TimelineFailure, TimelineRun } from '../../src/views/timeline-run.ts';
import type { PackedSpans } from '../../src/views/timeline-spans.ts';
import { hostile, span, timelineRun } from './fixtures.ts';

test('the header says what ran, how it ended, when, how long, and on what', () => {
  const text = textOf(timelineHtml(timelineRun({ state: 'Failed', message: 'Some tasks failed.' })));

  assert.match(text, /nightly brisk-heron-42 Some tasks failed\. State Failed Started 2026-02-03 04:05:06 UTC/);
  assert.match(text, /Duration 12\.3 s Task runs 1,234 Workers 2 Threads 4/);
});

test('each task has a row: states by frequency, and times where there are any', () => {
  const tasks = [
    { name: 'load', isMapped: false, counts: { Success: 1 }, durations: { totalMs: 850, meanMs: 850, maxMs: 850 } },
    {
      name: 'score',
      isMapped: true,
      counts: { Failed: 2, Success: 98 },
      durations: { totalMs: 90_000, meanMs: 0.25, maxMs: 9 },
    },
    { name: 'total', isMapped: false, counts: { TriggerFailed: 1, Success: 0 } },
  ];

  assert.deepEqual(rowsOf(timelineHtml(timelineRun({ tasks }))), [
    'load 1 1 Success 850 ms 850 ms 850 ms',
    'score mapped 100 98 Success 2 Failed 1 min 30 s 0.25 ms 9 ms',
    'total 1 1 TriggerFailed – – –',
  ]);
});

test('failures with one message are told together', () => {
  const failure = (mapIndex: number): TimelineFailure => ({
    task: 'score',
    mapIndex,
    state: 'Failed',
    message: 'no rows',
  });
  const failures: TimelineFailure[] = [
    ...Array.from({ length: 1_012 }, (_, index) => failure(index * 2)),
    { task: 'total', state: 'TriggerFailed', message: 'some failed' },
  ];

  const html = timelineHtml(timelineRun({ failures }));

  assert.match(textOf(html), /Failures \(1,013\)/);
  assert.deepEqual(rowsOf(html).slice(1), [
    'score 0, 2, 4, 6, 8, 10, 12, 14, 16, 18 and 1,002 more Failed no rows',
    'total TriggerFailed some failed',
  ]);
});

test('of very many different failures the first are told, and how many are left', () => {
  const failures = Array.from({ length: 250 }, (_, index): TimelineFailure => {
    return { task: 'score', mapIndex: index, state: 'Failed', message: `no rows in ${index}` };
  });

  assert.match(textOf(timelineHtml(timelineRun({ failures }))), /no rows in 199 And 50 more\./);
});

test('a run that recorded nothing says so', () => {
  const html = timelineHtml(timelineRun({ spans: [], tasks: [] }));

  assert.match(textOf(html), /Timeline No task run was recorded\. Failures None\./);
  assert.doesNotMatch(html, /<script/);
});

test('the page needs nothing but itself', () => {
  const html = timelineHtml(timelineRun());

  assert.doesNotMatch(html, /https?:|\bsrc=|\bhref=|@import|url\(|\bimport\b|fetch\(/);
  assert.match(
    html,
    /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha/,
  );
});

test('the page has one script, which parses, and which is the only one that its policy lets run', () => {
  const scripts = [...timelineHtml(timelineRun()).matchAll(/<script>([^]*?)<\/script>/g)].map(([, script]) => script!);

  assert.equal(scripts.length, 1);
  assert.doesNotThrow(() => new Script(scripts[0]!));
  const hash = createHash('sha256').update(scripts[0]!).digest('base64');
  assert.ok(timelineHtml(timelineRun()).includes(`script-src 'sha256-${hash}'"`));
});

test('no text of a run gets out of its place', () => {
  const elements = (html: string) => html.match(/<\/?\w+/g);
  const run = (text: string): TimelineRun =>
    timelineRun({
      flow: text,
      flowRun: text,
      message: text,
      tasks: [{ name: text, isMapped: true, counts: { Failed: 1 } }],
      spans: [span({ task: text, worker: text })],
      failures: [{ task: text, mapIndex: 1, state: 'Failed', message: text }],
    });

  const html = timelineHtml(run(hostile));

  assert.deepEqual(elements(html), elements(timelineHtml(run('harmless'))));
  assert.doesNotMatch(html, /<img|onerror="/);
  assert.equal(dataOf(html).tasks[0]!.name, hostile.replace('\u2028', '\n'));
  assert.equal(dataOf(html).rows[0]!.worker, hostile.replace('\u2028', '\n'));
});

test('50,000 spans fit into less than 5 MB, and many more do too', () => {
  const sizeOf = (count: number) => {
    const spans = Array.from({ length: count }, (_, index) => {
      const [thread, turn] = [index % 16, Math.floor(index / 16)];
      return span({
        task: turn % 2 === 0 ? 'score' : 'clean',
        worker: `worker ${thread} thread 1`,
        start: index * 97,
        count: 97,
        startMs: turn * 10.123,
        durationMs: 9.876,
        failed: index % 50 === 0 ? 1 : 0,
      });
    });
    return timelineHtml(timelineRun({ spans, durationMs: (count / 16) * 10.123 })).length;
  };

  assert.ok(sizeOf(50_000) < 5_000_000);
  assert.ok(sizeOf(300_000) < 5_000_000);
});

function dataOf(html: string): PackedSpans {
  return JSON.parse(/<script type="application\/json" id="run">(.*?)<\/script>/.exec(html)![1]!) as PackedSpans;
}

/** What a reader sees, with single spaces. */
function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body>')).replaceAll(/<(script|noscript)[^]*?<\/\1>/g, '');
  return body
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function rowsOf(html: string): string[] {
  return [...html.matchAll(/<tr><th scope="row">[^]*?<\/tr>/g)].map(([row]) => textOf(`<body>${row}`));
}
