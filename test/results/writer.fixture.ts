// Writes one location over and over, each time with a value of another length.

import { LocalResult } from '../../src/results/local-result.ts';
import { serializers } from '../../src/results/serializers.ts';

const [directory, location, writer, times] = process.argv.slice(2);
const result = new LocalResult({ directory: directory!, serializer: serializers.json });

for (let round = 0; round < Number(times); round += 1) {
  const rows = Array.from({ length: 1 + ((round * 7_919) % 5_000) }, () => `${writer} ${round}`);
  await result.write({ writer, round, length: rows.length, rows }, location!);
}
