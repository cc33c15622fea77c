import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VerificationKey } from 'o1js';
import '../backend.js';
import { CONTRACTS, type ContractName, compileKey, pinnedKeys } from '../verification_keys.js';

for (const name of Object.keys(CONTRACTS) as ContractName[]) {
  test(`A1: the pinned verification key of ${name} is that of the source`, async () => {
    const pinned = pinnedKeys()[name];
    assert.deepEqual(await compileKey(name), pinned);
    assert.ok(
      await VerificationKey.checkValidity(
        VerificationKey.fromValue({ data: pinned.data, hash: BigInt(pinned.hash) } as never),
      ),
    );
  });
}
