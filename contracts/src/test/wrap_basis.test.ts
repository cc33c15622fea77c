import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cache } from 'o1js';
import '../backend.js';
import { pinnedKeys } from '../verification_keys.js';
import { keepWrapBasis } from '../wrap_basis.js';

const CONTRACT = pinnedKeys().PrepaidAccount.data;

/** A cache that notes what is written to it. */
class Kept implements Cache {
  readonly canWrite = true;
  bytes: Uint8Array | undefined;
  writes = 0;

  read(): Uint8Array | undefined {
    return this.bytes;
  }

  write(_: unknown, data: Uint8Array): void {
    this.bytes = data;
    this.writes++;
  }
}

test('a basis is computed and kept once', async (t) => {
  const cache = new Kept();
  await keepWrapBasis(CONTRACT, cache);
  const first = cache.bytes!;
  assert.equal(first.length, 32 + 64 * 2 ** 13);
  await keepWrapBasis(CONTRACT, cache);
  assert.equal(cache.writes, 1);

  await t.test('what another process has not written to its end is not used', async () => {
    cache.bytes = first.subarray(0, 1000);
    await keepWrapBasis(CONTRACT, cache);
    assert.ok(Buffer.from(first).equals(cache.bytes));
  });

  await t.test('nor is what was changed', async () => {
    cache.bytes = Uint8Array.from(first, (byte, index) => (index === 500 ? byte ^ 1 : byte));
    await keepWrapBasis(CONTRACT, cache);
    assert.ok(Buffer.from(first).equals(cache.bytes));
  });
});
