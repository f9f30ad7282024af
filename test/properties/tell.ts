// A program as a few lines for people: what fast-check found, told in the words of the interface.

import { unreachable } from '../../src/lib/unreachable.ts';
import type { Fate, Script } from '../fixtures/actors.ts';
import type { Arg, Call, Program, TaskSpec } from './program.ts';

export function tell({ calls, orders }: Program): string {
  const waits = orders.map(({ upstream, downstream }) => `n${downstream} waits for n${upstream}`);
  return [...calls.flatMap(lines), ...waits].join('\n');
}

function lines(call: Call): string[] {
  switch (call.type) {
    case 'parameter':
      return [`n${call.id} = parameter ${JSON.stringify(call.value)}`];
    case 'merge':
      return [`n${call.id} = merge${call.isMapped ? '.map' : ''}(${call.of.map((id) => `n${id}`).join(', ')})`];
    case 'task':
      return [taskLine(call)];
    case 'fork': {
      const { call: name, isMapped, condition, merge, branches } = call;
      return [
        `n${merge} = ${name}${isMapped ? '.map' : ''}(n${condition}`,
        ...branches.flatMap(({ calls, gives }, index) => [
          `  branch ${index}:`,
          ...calls.flatMap(lines).map((line) => `    ${line}`),
          `    return n${gives}`,
        ]),
        ')',
      ];
    }
    default:
      return unreachable(call);
  }
}

function taskLine({ id, facts, args, after, isMapped }: TaskSpec): string {
  const { script, retries, isPicky, trigger, skipOnUpstreamSkip, zip } = facts;
  const options = [
    ...(retries > 0 ? [`retries ${retries}`] : []),
    ...(isPicky ? ['picky'] : []),
    ...(trigger === 'allSuccessful' ? [] : [trigger]),
    ...(skipOnUpstreamSkip ? [] : ['not skipped']),
    ...(zip === 'strict' ? [] : [zip]),
    ...after.map((each) => `after ${each.isEach ? 'each ' : ''}n${each.id}`),
    scriptText(script),
  ];
  return `n${id} = task${isMapped ? '.map' : ''}(${args.map(argText).join(', ')})  // ${options.join(', ')}`;
}

function argText({ source, isEach, isFlattened }: Arg): string {
  const text =
    source.type === 'node'
      ? `n${source.id}`
      : source.type === 'value'
        ? JSON.stringify(source.value)
        : `[${source.ids.map((id) => `n${id}`).join(', ')}]`;
  return `${isEach ? 'each ' : ''}${isFlattened ? 'flat ' : ''}${text}`;
}

function scriptText({ shape, fates }: Script): string {
  const gives = 'length' in shape ? `${shape.type} of ${shape.length}` : shape.type;
  return `gives ${gives}, ${fates.map(fateText).join(' | ')}`;
}

function fateText(fate: Fate): string {
  return fate.map(({ first, last }) => [...first, last].join(' then ')).join(' loop ');
}
