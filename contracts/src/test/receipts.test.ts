import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Field, Poseidon } from 'o1js';
import { bytesToEvent, eventToBytes } from '../credential.js';
import { H, digestFields, receiptsRoot, textField } from '../fields.js';
import { type DueLeaf, dueLeaf, dueStatement, path, rootFromPath, treeRoot } from '../receipts.js';

function leaves(count: number): DueLeaf[] {
  return Array.from({ length: count }, (_, i) => ({
    index: BigInt(i),
    callHash: Field(1000 + i),
    receiptHash: Field(2000 + i),
    priceDue: 3n,
    runningTotal: 3n * BigInt(i + 1),
  }));
}

describe('fields', () => {
  test('text is little-endian, tags are not padded', () => {
    assert.equal(textField('ab').toBigInt(), 0x6261n);
    const [a, b] = [Field(1), Field(2)];
    assert.deepEqual(H('sealrun:node', [a, b]), Poseidon.hashWithPrefix('sealrun:node', [a, b]));
    assert.deepEqual(H('sealrun:node', [b]), Poseidon.hashWithPrefix('sealrun:node', [b]));
  });

  test('E3: text above 31 bytes is refused, counted in bytes', () => {
    assert.equal(textField('é'.repeat(15)).toBigInt() > 0n, true);
    assert.throws(() => textField('é'.repeat(16)), /expected at most 31 bytes, got 32/);
    assert.throws(() => H('a tag of 21 characters', []), /1 to 20 ASCII/);
  });

  test('a digest is two halves, high first', () => {
    const digest = Uint8Array.from({ length: 32 }, (_, i) => i);
    const [high, low] = digestFields(digest);
    assert.equal(high.toBigInt(), 0x000102030405060708090a0b0c0d0e0fn);
    assert.equal(low.toBigInt(), 0x101112131415161718191a1b1c1d1e1fn);
    assert.throws(() => digestFields(digest.subarray(1)), /expected 32 bytes, got 31/);
  });

  test('event bytes survive the way there and back, and nothing else is read', () => {
    for (const size of [0, 1, 30, 31, 32, 62, 300]) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => 255 - (i % 7));
      assert.deepEqual(eventToBytes(bytesToEvent(bytes)), bytes);
    }
    assert.throws(() => bytesToEvent(new Uint8Array(31 * 99 + 1)), /expected at most 3069 bytes/);
    assert.throws(() => eventToBytes([Field(1), Field(256)]), /does not fit/);
    assert.throws(() => eventToBytes([Field(1), Field(1), Field(1)]), /wrong size/);
    assert.throws(() => eventToBytes([]), /wrong size/);
  });
});

describe('the tree of dues', () => {
  test('A8: every leaf proves itself under the signed root', () => {
    const list = leaves(5);
    const hashes = list.map(dueLeaf);
    const { due, treeRoot: tree, count, root } = dueStatement(list);
    assert.equal(due, 15n);
    assert.equal(count, 5n);
    assert.deepEqual(root, receiptsRoot(tree, Field(5)));
    for (const [i, leaf] of hashes.entries()) {
      assert.deepEqual(rootFromPath(leaf, i, path(hashes, i)), tree);
      assert.notDeepEqual(rootFromPath(leaf, i ^ 1, path(hashes, i)), tree);
    }
  });

  test('A8: the count tells trees apart that only differ in empty leaves', () => {
    const tree = treeRoot([Field(1)]);
    assert.deepEqual(treeRoot([Field(1), Field(0)]), tree);
    assert.notDeepEqual(receiptsRoot(tree, Field(1)), receiptsRoot(tree, Field(2)));
  });

  test('A8: one leaf per call, and totals that add up', () => {
    const twice = leaves(2).map((leaf) => ({ ...leaf, callHash: Field(1) }));
    assert.throws(() => dueStatement(twice), /more than one leaf/);
    const wrong = leaves(2).map((leaf) => ({ ...leaf, runningTotal: 3n }));
    assert.throws(() => dueStatement(wrong), /leaf 1 has wrong running total: expected 6, got 3/);
    assert.throws(
      () => dueStatement(leaves(2).reverse()),
      /leaf has wrong index: expected 0, got 1/,
    );
  });

  test('no leaf at all is an empty tree of the same depth', () => {
    const empty = Array.from({ length: 3 }).reduce<Field>(
      (below) => H('sealrun:node', [below, below]),
      Field(0),
    );
    assert.deepEqual(treeRoot([], 3), empty);
    assert.throws(
      () =>
        treeRoot(
          Array.from({ length: 9 }, () => Field(1)),
          3,
        ),
      /room for 8 leaves, got 9/,
    );
  });
});
