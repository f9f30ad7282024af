// What the compiler makes of sensors. It is the test: nothing here is run.

import { sensor, task, type Node } from 'heddle';
import { exactly } from './exactly.ts';

const count = sensor('count', (path: string) => (path === '' ? undefined : path.length));
const isThere = sensor('is-there', { every: '1s', timeout: '1h' }, async (path: string) => {
  return await Promise.resolve(path !== '');
});
const isLarge = sensor('is-large', (path: string, size = 5) => path.length > 2 * size);
const row = sensor('row', { retries: 3 }, async (): Promise<{ id: number } | null> => await Promise.resolve(null));
const inc = task('inc', (x: number) => x + 1);

export function sensors(): void {
  exactly<Node<number>>()(count('a'));
  exactly<Node<number[]>>()(count.map(['a']));
  exactly<Node<true>>()(isThere('a'));
  exactly<Node<true>>()(isLarge('a', inc(5)));
  exactly<Node<{ id: number }>>()(row());
  exactly<Node<number>>()(inc(count('a')));

  // @ts-expect-error -- a number for a text
  count(5);
  // @ts-expect-error -- no such option
  sensor('x', { evry: '1s' }, () => 1);
}
