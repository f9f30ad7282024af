// Whatever somebody gives to a task or returns from it: it arrives, or that it does not is told; nobody waits for ever,
// no thread dies of it, and nothing is silently another thing.

import assert from 'node:assert/strict';
import { Flow, type LogRecord, type State } from 'heddle';
import { everyValue, isAsMade, make, type Fate } from '../../fixtures/every-value.ts';
import { giveHostile, giveRejected, throwIt, thrownValues } from '../../fixtures/thrown-values.ts';
import type { Means, Rule } from '../contract.ts';

export function everyValueRules(rule: Rule, { sharesMemory, knowsTemporal = true }: Means): void {
  const names = [...everyValue.keys()].filter((name) => knowsTemporal || !name.startsWith('Temporal'));

  rule('every sort of result arrives exactly, or that it does not is told', async (run) => {
    const { state, logs } = await run(new Flow('every-result', () => make.map(names)));

    assertNobodyDied(logs);
    for (const [index, name] of names.entries()) {
      const [given, makeHere] = everyValue.get(name)!;
      const fate = fateOf(given, sharesMemory);
      const child = state.of('make').children[index]!;
      assertFate({ name, fate, child, told: tellings(logs, `result${stepTo(name)}`) });
      const result = child.result as Record<string, unknown> | undefined;
      if (fate === 'exact') assert.deepStrictEqual(result, { [name]: await makeHere() }, name);
      if (fate === 'alike') assert.equal(fieldsOf(result?.[name]), fieldsOf(await makeHere()), name);
    }
  });

  rule('every sort of input arrives exactly, or that it does not is told', async (run) => {
    const values = await Promise.all(names.map(async (name) => ({ [name]: await everyValue.get(name)![1]() })));

    const { state, logs } = await run(new Flow('every-input', () => isAsMade.map(values)));

    assertNobodyDied(logs);
    for (const [index, name] of names.entries()) {
      const fate = fateOf(everyValue.get(name)![0], sharesMemory);
      const child = state.of('is-as-made').children[index]!;
      assertFate({ name, fate, child, told: tellings(logs, `input 'argument 1'${stepTo(name)}`) });
    }
  });

  rule('every sort of constant that can travel does, all in one', async (run) => {
    const able = names.filter((name) => fateOf(everyValue.get(name)![0], sharesMemory) !== 'refused');
    const made = await Promise.all(able.map(async (name) => [name, await everyValue.get(name)![1]()] as const));

    const { state } = await run(new Flow('every-constant', () => isAsMade(Object.fromEntries(made))));

    assert.deepEqual(state.of('is-as-made').result, able, state.of('is-as-made').message);
  });
}

/** What is thrown goes another way than what is returned: it always arrives. */
export function everyThrownValueRules(rule: Rule): void {
  rule('whatever is thrown arrives as an error that says what it was', async (run) => {
    const thrown = [...thrownValues.keys()];

    const { state, logs } = await run(new Flow('every-thrown', () => throwIt.map(thrown)));

    assertNobodyDied(logs);
    for (const [index, name] of thrown.entries()) {
      const { type, error } = state.of('throw-it').children[index]!;
      assert.equal(type, 'Failed', name);
      assert.ok(error instanceof Error, name);
      assert.match(error.message, thrownValues.get(name)![0], name);
      assert.equal(typeof error.stack, 'string');
    }
  });
}

/** Even `instanceof` runs code of theirs. */
export function hostileValueRules(rule: Rule): void {
  rule('a Proxy that lets nobody in is refused like any other, and so is what inherits from one', async (run) => {
    const ways = ['revoked', 'trapping', 'inheriting', 'error'] as const;
    const { state, logs } = await run(new Flow('hostile', () => giveHostile.map(ways)));

    assertNobodyDied(logs);
    const codes = state.of('give-hostile').children.map(({ error }) => (error as { code?: string } | undefined)?.code);
    assert.deepEqual(
      codes,
      ways.map(() => 'VALUE_NOT_SERIALIZABLE'),
    );
  });
}

/** Nobody else will ever wait for them. */
export function rejectedPromiseRules(rule: Rule): void {
  rule('rejected promises in what cannot travel for that harm nobody', async (run) => {
    const ways = ['returned', 'awaited', 'thrown', 'in an error'] as const;

    const { state, logs } = await run(new Flow('rejected', () => giveRejected.map(ways)));

    assertNobodyDied(logs);
    const errors = state.of('give-rejected').children.map(({ error }) => error as Error & { code?: string });
    assert.deepEqual(
      errors.map(({ code, message }) => code ?? message),
      ['VALUE_NOT_SERIALIZABLE', 'VALUE_NOT_SERIALIZABLE', 'THREW_NON_ERROR', 'm'],
    );
    assert.match(errors[0]!.message, /result\.get\("rows"\)\[0\]\.rows\[0\]\n {4}is a Promise\n/);
  });
}

function fateOf(fate: Fate | 'shared', sharesMemory: boolean): Fate {
  if (fate !== 'shared') return fate;
  return sharesMemory ? 'exact' : 'refused';
}

interface Case {
  readonly name: string;
  readonly fate: Fate;
  readonly child: State;
  /** How often the log says that it is changed. */
  readonly told: number;
}

function assertFate({ name, fate, child, told }: Case): void {
  const { error, message } = child;
  if (fate === 'refused') {
    assert.equal((error as { code?: string } | undefined)?.code, 'VALUE_NOT_SERIALIZABLE', `${name}: ${message}`);
    assert.ok(message.includes('Fix:'), name);
  } else assert.equal(child.type, 'Success', `${name}: ${message}`);
  assert.equal(told, fate === 'changed' ? 1 : 0, `${name} was told ${told} times`);
}

function tellings(logs: readonly LogRecord[], beginning: string): number {
  return logs.filter(({ level, message }) => {
    return level === 'warn' && message.startsWith(beginning) && !/^\w/.test(message.slice(beginning.length));
  }).length;
}

function fieldsOf(value: unknown): string {
  return value instanceof RegExp ? String(value) : JSON.stringify(value);
}

function stepTo(name: string): string {
  return /^\w+$/.test(name) ? `.${name}` : `["${name}"]`;
}

function assertNobodyDied(logs: readonly LogRecord[]): void {
  assert.deepEqual(
    logs.filter(({ message }) => /\bwas lost\b|thread ended/.test(message)),
    [],
  );
}
