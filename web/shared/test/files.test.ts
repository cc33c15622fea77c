// Files that the reader did not fetch: the size that a service says is no reason, unless it is the file's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Claims } from '../src/verification/claims.ts';
import { checkFiles } from '../src/verification/files.ts';
import type { Opened } from '../src/verification/trees.ts';

const PLACE = 'profile/run.json';
const leaf = {
  index: 0,
  kind: 'run',
  label: 'run.json',
  sha256: '00'.repeat(32),
  size: 4,
  salt: '',
};
const opened: Opened = {
  leaves: new Map([[PLACE, leaf]]),
  texts: new Map(),
  cids: new Map(),
  counts: { outputs: 0, profile: 1 },
  shown: new Set([PLACE]),
};

for (const [left, verdict] of [
  [new Map([[PLACE, 4]]), 'not shown'],
  [new Map([[PLACE, 2 ** 40]]), 'broken'],
  [new Map([[PLACE, Number.NaN]]), 'broken'],
  [new Map(), 'broken'],
] as [Map<string, number>, string][])
  test(`a file of 4 bytes that was left out as one of ${[...left.values()].join()} is ${verdict}`, async () => {
    const claims = new Claims();
    await checkFiles(claims, new Map(), opened, left);
    assert.deepEqual(
      claims.all.map((claim) => claim.verdict),
      [verdict],
    );
  });

test('a file that no leaf covers is named wherever it lies, also where it was left out', async () => {
  for (const name of ['outputs/a', 'a', 'reads/a/b', 'Offer.json'])
    for (const folder of [new Map([[name, new Uint8Array()]]), new Map()]) {
      const claims = new Claims();
      const left = new Map([[PLACE, 4]]);
      await checkFiles(claims, folder, opened, folder.size > 0 ? left : left.set(name, 1));
      const [, other] = claims.all;
      assert.equal(other?.says, `expected only files that a leaf covers, got also ${name}`);
    }
});
