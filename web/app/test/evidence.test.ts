// What a service says of a file's size bounds what is fetched unasked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addFiles } from '../src/evidence.ts';

const file = (name: string, size: unknown, text = 'four') => ({
  name,
  sha256: '',
  size: size as number,
  url: `data:text/plain,${text}`,
});

test('a file of the size that is said is fetched', async () => {
  const folder = new Map();
  const left = await addFiles(folder, [file('a', 4), file('b', 0, '')]);
  assert.deepEqual([...folder.keys()].sort(), ['a', 'b']);
  assert.equal(left.size, 0);
});

for (const size of [undefined, null, '4', -1, Number.NaN, 0.5, 2 ** 60, 65 << 20])
  test(`a file is not fetched unasked whose size is ${String(size)}`, async () => {
    const folder = new Map();
    const left = await addFiles(folder, [file('a', size)]);
    assert.deepEqual([...folder.keys(), ...left.keys()], ['a']);
    assert.deepEqual(left.get('a'), { url: 'data:text/plain,four', size });
  });

test('what follows a file that is too large is fetched all the same', async () => {
  const folder = new Map();
  const left = await addFiles(folder, [file('large', 65 << 20), file('odd', -1), file('small', 4)]);
  assert.deepEqual([...folder.keys()], ['small']);
  assert.deepEqual([...left.keys()].sort(), ['large', 'odd']);
});
