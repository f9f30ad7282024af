import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deepFrozen } from '../../src/values/deep-frozen.ts';

test('whatever would change a map, set, date, URL, its parameters or headers throws, and changes nothing', () => {
  const makers = [
    () => new Map([['a', 1]]),
    () => new Set(['a']),
    () => new Date(0),
    () => new URL('http://a.b/?c=1'),
    () => new URLSearchParams('c=1'),
    () => new Headers({ c: '1' }),
  ];
  for (const make of makers) {
    const frozen = deepFrozen(make());
    let refused = 0;
    for (const attempt of attemptsOn(frozen)) if (isRefused(attempt)) refused += 1;

    assert.ok(refused >= 3, `${frozen.constructor.name} refused ${refused}`);
    assert.equal(contentOf(frozen), contentOf(make()));
  }
});

test('what is inside of them is frozen as well, and copies of them are not', () => {
  const key = { a: 1 };
  const map = deepFrozen(new Map([[key, [new Set([1])]]]));

  assert.ok(Object.isFrozen(key) && Object.isFrozen(map.get(key)));
  assert.throws(() => map.get(key)![0]!.add(2), { code: 'VALUE_IS_FROZEN' });
  assert.equal(new Map(map).set({ a: 2 }, []).size, 2);
  const url = deepFrozen(new URL('http://a.b/'));
  const copy = new URL(url);
  copy.pathname = '/c';
  assert.deepEqual([copy.href, url.href], ['http://a.b/c', 'http://a.b/']);
});

test('bytes, patterns and instances of other classes stay as they are, also of one that is called Map', () => {
  const bytes = new Uint8Array(1);
  const pattern = /a/g;
  const own = new (class Map {
    set(): string {
      return 'set';
    }
  })();
  deepFrozen([bytes, pattern, own]);

  bytes[0] = 1;
  assert.deepEqual([bytes[0], pattern.test('a'), pattern.lastIndex, own.set()], [1, true, 1, 'set']);
});

/** Each method that is no reader, with an argument that would change something, and each property that can be set. */
function attemptsOn(value: object): (() => unknown)[] {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(value)) as object;
  const members: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(prototype);
  return Object.keys(members).flatMap((key) => {
    if (key === 'constructor') return [];
    if (members[key]?.set !== undefined) return () => Reflect.set(value, key, 'd');
    const method: unknown = Reflect.get(value, key);
    return typeof method === 'function' ? () => Reflect.apply(method, value, ['c', () => 1]) as unknown : [];
  });
}

function isRefused(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'VALUE_IS_FROZEN';
  }
}

function contentOf(value: object): string {
  return Symbol.iterator in value ? JSON.stringify([...(value as Iterable<unknown>)]) : JSON.stringify(value);
}
