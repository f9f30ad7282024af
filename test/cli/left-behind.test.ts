// What `heddle run` says when the run is over and its process is not.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { tellWhatStays } from '../../src/cli/left-behind.ts';
import { heddle } from './process.ts';

const bounded = { timeout: 60_000 };

test('what a task left behind keeps the process, which says so, and Ctrl-C ends it', bounded, async () => {
  await using server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  await using program = heddle(['run', 'test/cli/left-behind.fixture.ts', '--local', '-p', `port=${port}`]);

  await program.line(
    /^.* heddle \| nothing runs any more, and the process stays because of what is left open: 1 TCP socket/,
  );
  assert.deepEqual(program.stdout, ['[ 1 ]']);
  program.child.kill('SIGINT');
  assert.equal(await program.status(), 'SIGINT');
  server.closeAllConnections();
});

test('it is said once, with all that there is and without the standard streams', (t) => {
  const open = ['TTYWrap', 'PipeWrap', 'TCPSocketWrap', 'Timeout', 'TCPSocketWrap', 'MessagePort', 'SomethingNew'];
  const { said } = looking(t, { open });

  t.mock.timers.tick(2_999);
  assert.deepEqual(said, []);
  t.mock.timers.tick(1);
  assert.deepEqual(said, [
    'nothing runs any more, and the process stays because of what is left open: 2 TCP sockets, 1 timer, 1 message port, ' +
      '1 SomethingNew. Ctrl-C ends it. To let it end by itself, end in a task what it begins: give fetch its ' +
      'signal: context.signal, clear timers, close connections.',
  ]);
  t.mock.timers.tick(60_000);
  assert.equal(said.length, 1);
});

test('nothing is said while the program waits for a signal, as servers do', (t) => {
  const { said, program } = looking(t, { open: ['TCPServerWrap'], listeners: 1 });

  t.mock.timers.tick(60_000);
  assert.deepEqual(said, []);

  program.listeners = 0;
  t.mock.timers.tick(3_000);
  assert.match(said.join(), /left open: 1 TCP server\./);
});

function looking(t: TestContext, { open, listeners = 0 }: { open: string[]; listeners?: number }) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const said: string[] = [];
  const program = { listeners, getActiveResourcesInfo: () => open, listenerCount: () => program.listeners };
  tellWhatStays({ program, tell: (line) => said.push(line) });
  return { said, program };
}
