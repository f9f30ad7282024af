import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeddleError } from '../../src/lib/heddle-error.ts';
import type { Result, ResultDescription } from '../../src/results/result.ts';
import { registerResultKind, resultOf } from '../../src/results/result-kinds.ts';
import type { Serializer } from '../../src/results/serializer.ts';
import { serializerOf } from '../../src/results/serializer-names.ts';
import { serializers } from '../../src/results/serializers.ts';

const buckets = new Map<string, Map<string, Uint8Array>>();

/** What a user would write for a storage that the library does not know. */
class BucketResult implements Result {
  readonly bucket: string;
  readonly serializer: Serializer;

  constructor(bucket: string, serializer: Serializer = serializers.v8) {
    this.bucket = bucket;
    this.serializer = serializer;
    if (!buckets.has(bucket)) buckets.set(bucket, new Map());
  }

  static of(this: void, { bucket, serializer }: ResultDescription): BucketResult {
    return new BucketResult(String(bucket), serializerOf(String(serializer)));
  }

  async read(location: string): Promise<unknown> {
    const bytes = buckets.get(this.bucket)!.get(location);
    if (bytes === undefined) throw new HeddleError('RESULT_NOT_FOUND', `there is no result '${location}'`);
    return this.serializer.deserialize(bytes);
  }

  async write(value: unknown, location: string): Promise<void> {
    buckets.get(this.bucket)!.set(location, this.serializer.serialize(value));
  }

  async exists(location: string): Promise<boolean> {
    return buckets.get(this.bucket)!.has(location);
  }

  describe(): ResultDescription {
    return { kind: 'bucket', bucket: this.bucket, serializer: this.serializer.name };
  }
}

test("a kind of one's own is made again from its description", async () => {
  registerResultKind('bucket', BucketResult.of);
  const written = new BucketResult('b1', serializers.json);
  await written.write([1], 'x');

  const again = resultOf(structuredClone(written.describe()));

  assert.ok(again instanceof BucketResult);
  assert.equal(again.serializer, serializers.json);
  assert.deepEqual(await again.read('x'), [1]);
  assert.equal(await again.exists('y'), false);
});

test('a kind that nobody registered is told, with the nearest that is there', () => {
  assert.throws(() => resultOf({ kind: 'lokal' }), { code: 'UNKNOWN_RESULT_KIND', message: /Did you mean 'local'\?/ });
  assert.throws(() => resultOf({ kind: 'azure-blobs' }), {
    code: 'UNKNOWN_RESULT_KIND',
    message: /registerResultKind\(\)/,
  });
});

test('a name stands for one kind', () => {
  registerResultKind('mine', BucketResult.of);

  assert.doesNotThrow(() => registerResultKind('mine', BucketResult.of));
  assert.throws(() => registerResultKind('mine', () => new BucketResult('x')), {
    code: 'INVALID_OPTION',
    message: /another kind of result called 'mine'/,
  });
  assert.throws(() => registerResultKind('local', BucketResult.of), { code: 'INVALID_OPTION' });
  assert.throws(() => Reflect.apply(registerResultKind, undefined, ['s3']), {
    code: 'INVALID_OPTION',
    message: /got 's3' and undefined/,
  });
});
