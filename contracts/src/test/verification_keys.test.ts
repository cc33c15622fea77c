import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VerificationKey } from 'o1js';
import '../backend.js';
import { Offer } from '../offer.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { compileKey, pinnedKeys } from '../verification_keys.js';

for (const contract of [PrepaidAccount, Offer]) {
  test(`A1: the pinned verification key of ${contract.name} is that of the source`, async () => {
    const pinned = pinnedKeys()[contract.name as 'PrepaidAccount' | 'Offer'];
    assert.deepEqual(await compileKey(contract), pinned);
    assert.ok(
      await VerificationKey.checkValidity(
        VerificationKey.fromValue({ data: pinned.data, hash: BigInt(pinned.hash) } as never),
      ),
    );
  });
}
