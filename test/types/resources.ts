// What the compiler makes of resources. It is the test: nothing here is run.

import { Agent } from 'node:http';
import { Parameter, resourceManager, task, unmapped, type Node, type Resource } from 'heddle';
import { exactly } from './exactly.ts';

class Client {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }
}

const database = resourceManager('database', {
  setup: async (url: string, options?: { readonly size: number }) => {
    return await Promise.resolve(new Client(url + String(options?.size)));
  },
  cleanup: (client) => exactly<Client>()(client),
});
const pool = resourceManager('pool', { setup: (url: string, size = 2) => ({ url, most: 2 * size }) });
const folder = resourceManager('folder', { setup: () => 'path' });
const line = resourceManager('line', { setup: (base: string) => ({ agent: new Agent(), base }) });
const list = task('list', (client: Client) => [client.url]);
const save = task('save', (row: string, client: Client) => row.length + client.url.length);
const write = task('write', (row: string, path: string) => row + path);
const get = task('get', (id: number, { base }: { agent: Agent; base: string }) => base + String(id));
const wide = task('wide', (anything: unknown) => String(anything));
const url = task('url', () => 'a');

export function resources(): void {
  exactly<Resource<Client>>()(database('a'));
  exactly<Resource<Client>>()(database(url(), { size: 3 }));
  exactly<Resource<Client>>()(database(new Parameter<string>('url')));
  exactly<Resource<string>>()(folder());
  exactly<Resource<{ url: string; most: number }>>()(pool('a', 3));
  exactly<Node<string[]>>()(list(database('a')));
  exactly<Node<number[]>>()(save.map(['a'], database('a')));
  exactly<Node<number[]>>()(save.map(list(database('a')), unmapped(database('a'))));
  exactly<Node<string[]>>()(write.map(['a'], folder()));
  exactly<Node<string>>()(wide(folder()));
  exactly<Node<string[]>>()(get.map([1], line('a')));
  exactly<Node<string[]>>()(get.map([1], unmapped(line('a'))));
  exactly<Node<string[]>>()(get.map(unmapped(1), unmapped(line(url()))));

  // @ts-expect-error -- a number for a text
  database(5);
  // @ts-expect-error -- the default is a number
  pool('a', 'b');
  // @ts-expect-error -- no url
  database();
  // @ts-expect-error -- another resource than it needs
  list(folder());
  // @ts-expect-error -- likewise, where something is mapped
  save.map(['a'], folder());
  // @ts-expect-error -- likewise, unmapped
  get.map([1], unmapped(database('a')));
  // @ts-expect-error -- what cannot travel is no resource for being unmapped
  get.map([1], unmapped({ agent: new Agent(), base: 'a' }));
  // @ts-expect-error -- it closes nothing that there is
  resourceManager('x', { setup: () => 1, cleanup: (text: string) => text });
}
