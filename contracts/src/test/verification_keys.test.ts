import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VerificationKey } from 'o1js';
import '../backend.js';
import { ProvedAccount } from '../proved_account.js';
import {
  CONTRACTS,
  type ContractName,
  compileKey,
  compilePinned,
  pinnedKeys,
} from '../verification_keys.js';

/** Compiled by `make test-heavy`: the fold's program comes before it. */
const HEAVY: ContractName = 'ProvedAccount';

for (const name of (Object.keys(CONTRACTS) as ContractName[]).filter((each) => each !== HEAVY)) {
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

test('the prover compiles the token without running its methods first', async () => {
  await compilePinned('FungibleToken');
  const { approveBase } = await CONTRACTS.FungibleToken.analyzeMethods();
  assert.deepEqual(approveBase!.gates, []);
});

test('A1: the circuits of ProvedAccount are those whose verification key is pinned', async () => {
  const found = Object.entries(await ProvedAccount.analyzeMethods());
  assert.deepEqual(
    Object.fromEntries(found.map(([name, { rows, digest }]) => [name, [rows, digest]])),
    {
      settle: [1880, '116f0aea8ab0511cfa411c253084c0da'],
      payOperator: [800, 'ede33e7f1f8aa5719babb5d41a2601fb'],
      requestExit: [848, 'f1ef5f7a9a7f6b736b1593160ce239d5'],
      withdraw: [1189, 'a37775b8196d1c0f10745c77716d3087'],
    },
  );
});
