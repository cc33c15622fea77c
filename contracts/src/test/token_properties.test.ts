/** Random claims: what is read is what a JSON parser reads, and no other text is taken for a claim. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { initializeBindings } from 'o1js';
import { findClaim } from '../token/json.js';
import { Said } from '../token/statement.js';
import { factsOf, json, read, reading } from './reading.js';
import { type Claims, type Kind, audience, claimsOf, treeAudience } from './tokens.js';

/** mulberry32: the same numbers each time, so that a failure can be looked at. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Pieces out of which text and names are made that look like JSON. */
const PIECES = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  'sha',
  '"sha":"',
  '","',
  'aud',
  'iat',
  'é',
  '☕',
  '\u0001',
  ' ',
  '0',
];

function text(next: (below: number) => number): string {
  return Array.from({ length: next(8) }, () => PIECES[next(PIECES.length)]).join('');
}

function value(next: (below: number) => number, depth: number): unknown {
  const kind = next(depth > 0 ? 7 : 5);
  if (kind === 5) return Array.from({ length: next(4) }, () => value(next, depth - 1));
  if (kind === 6)
    return Object.fromEntries(
      ['sha', 'aud', text(next)].map((name) => [name, value(next, depth - 1)]),
    );
  return [text(next), text(next), next(1e9), null, next(2) === 0][kind];
}

/** Real claims among others, in any order. */
function claims(kind: Kind, next: (below: number) => number, known: Claims): Claims {
  const others = Array.from({ length: next(6) }, (_, i) => [`x${i}${text(next)}`, value(next, 3)]);
  const all = [...Object.entries(claimsOf[kind](known)), ...others].map(
    (entry) => [next(1000), entry] as const,
  );
  return Object.fromEntries(
    all.sort(([a], [b]) => a - b).map(([, entry]) => entry as [string, unknown]),
  );
}

function hex(next: (below: number) => number, digits: number): string {
  return Array.from({ length: digits }, () => next(16).toString(16)).join('');
}

before(async () => await initializeBindings());

test('a claim is found where a JSON parser finds it, and nowhere else', () => {
  for (let seed = 0; seed < 2000; seed++) {
    const next = random(seed);
    const payload = json(claims(seed % 2 ? 'github' : 'gitlab', next, { ref: text(next) }));
    for (const name of ['sha', 'aud', 'iat', 'ref']) {
      const at = findClaim(payload, name);
      const parsed = JSON.parse(payload.toString()) as Claims;
      assert.ok(
        payload
          .subarray(at)
          .toString()
          .startsWith(`"${name}":${JSON.stringify(parsed[name])}`),
        `seed ${seed}`,
      );
    }
    assert.throws(() => findClaim(payload, 'shA'), /expected the claim shA, got none/);
  }
});

for (const seed of [1, 2, 3, 4, 5, 6])
  test(`by witness, what is read is what was written: seed ${seed}`, async () => {
    const next = random(seed);
    const kind = seed % 2 ? 'github' : 'gitlab';
    const [call, outputs, sha, iat] = [
      `3${hex(next, 63)}`,
      hex(next, 64),
      hex(next, next(2) ? 40 : 64),
      1e9 + next(8e9),
    ];
    const word = (['done', 'tree'] as const)[next(2)]!;
    const aud = { done: audience, tree: treeAudience }[word](call, outputs);
    const known = { sha, iat, aud };
    const said = await read(reading(kind, claims(kind, next, known)));
    const facts = factsOf(kind, known);
    assert.deepEqual(said, {
      said: Said[word],
      subject: call,
      digest: outputs,
      iat: BigInt(iat),
      facts,
    });
  });
