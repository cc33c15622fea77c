import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeVectors } from '../vector_inputs.js';
import { type Vectors, differences } from '../vectors.js';

const file = (name: string) => new URL(`../../../tests/vectors/${name}`, import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(file(name), 'utf8')) as Vectors;

test('the committed vectors are those of the source', () => {
  assert.deepEqual(read('contracts.json'), JSON.parse(JSON.stringify(makeVectors())));
});

test('a vector that is off by one is found, in every list', () => {
  const vectors = makeVectors();
  assert.deepEqual(differences(vectors), []);
  for (const [name, key] of [
    ['text', 'field'],
    ['hash', 'hash'],
    ['terms', 'hash'],
    ['call', 'hash'],
    ['due', 'receipts_root'],
    ['receipt', 'hash'],
    ['tree', 'tree_root'],
    ['credential', 'hash'],
  ] as const) {
    const changed = structuredClone(vectors) as any;
    changed[name][0][key] = '1';
    assert.deepEqual(differences(changed), [name]);
  }
});

test('a signature over other fields is found', () => {
  const vectors = makeVectors();
  vectors.voucher[0]!.limit = '2';
  assert.throws(() => differences(vectors), /signature is not/);
});

test('the vectors of the Python side are the same here', () => {
  assert.deepEqual(differences(read('sealrun.json')), []);
});
