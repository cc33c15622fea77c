/** The circuits are the pinned ones. Their verification keys are made again by `make test-heavy`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../backend.js';
import { methodsOf, pinnedPrograms } from '../token/pins.js';

/** Rows that a program has beside its own methods when it verifies a proof leave room for so many. */
const MOST_ROWS = { first: 60_000, more: 48_000, next: 30_000, prove: 48_000 } as const;

for (const name of ['gitlab', 'github'] as const)
  test(`${name}: rows and constraints are those that are pinned`, async () => {
    assert.deepEqual(await methodsOf(name), pinnedPrograms()[name].methods);
  });

test('every pinned method fits into its proof', () => {
  for (const { methods } of Object.values(pinnedPrograms()))
    for (const [method, { rows }] of Object.entries(methods))
      assert.ok(rows <= MOST_ROWS[method as keyof typeof MOST_ROWS], `${method}: ${rows} rows`);
});
