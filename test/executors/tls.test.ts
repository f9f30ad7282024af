// Clusters over encrypted connections: in code, with what stands in the files.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Flow } from 'heddle';
import { DistributedExecutor, WebSocketCluster } from 'heddle/executors';
import { certificate } from '../comm/certificates.ts';
import { inc } from '../fixtures/tasks.ts';
import { CommandProcess } from './worker-process.ts';

const bounded = { timeout: 60_000 };
const token = 'selvedge';

test('a flow runs on an encrypted cluster, of its own and by its address', bounded, async () => {
  const authority = certificate('Loom authority', { isAuthority: true });
  const ca = authority.tls.cert;
  const folder = mkdtempSync(join(tmpdir(), 'heddle-tls-'));
  await using resources = new AsyncDisposableStack();
  resources.defer(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), ca);
  const loom = certificate('loom', { by: authority }).tls;
  const cluster = resources.use(new WebSocketCluster({ port: 0, token, tls: loom }));
  await cluster.start();
  const args = ['worker', cluster.url!, '--name', 'ada', '--tls-ca', join(folder, 'ca.pem')];
  resources.use(new CommandProcess(args, token));
  const flow = new Flow('sums', () => ({ sums: inc.map([1, 2, 3]) }));

  const own = await flow.run({ executor: new DistributedExecutor(() => cluster), onLog: () => {} });
  const executor = new DistributedExecutor(cluster.url, { token, tls: { ca } });
  const byAddress = await flow.run({ executor, onLog: () => {} });

  assert.deepEqual([own.output, byAddress.output], [{ sums: [2, 3, 4] }, { sums: [2, 3, 4] }]);
});

test('a certificate that cannot be used is told when the cluster or executor is made', () => {
  const { cert } = certificate('loom').tls;
  const { key } = certificate('ada').tls;

  assert.throws(() => new WebSocketCluster({ token, tls: { cert, key } }), {
    name: 'TypeError',
    code: 'CERTIFICATE_INVALID',
    message: 'tls of WebSocketCluster: the key is not that of the certificate: give two that belong together',
  });
  assert.throws(() => new DistributedExecutor('wss://loom:8786', { token, tls: { cert, key } }), {
    name: 'TypeError',
    code: 'CERTIFICATE_INVALID',
    message: /^tls of DistributedExecutor: the key is not/,
  });
});
