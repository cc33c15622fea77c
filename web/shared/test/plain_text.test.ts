// Names have one fixed set of characters: the same as Python's, code point by code point.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isPlain } from '../src/plain_text.ts';

const VECTORS = new URL('../../../tests/vectors/plain_text.json', import.meta.url);

test('every code point is plain or not as for the command', () => {
  const { not_plain } = JSON.parse(readFileSync(VECTORS, 'utf-8')) as {
    not_plain: [number, number][];
  };
  const found: [number, number][] = [];
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (isPlain(String.fromCodePoint(point))) continue;
    const last = found.at(-1);
    if (last?.[1] === point - 1) last[1] = point;
    else found.push([point, point]);
  }
  assert.deepEqual(found, not_plain);
});
