// What a service says of a file's size bounds what is fetched unasked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addFiles, allPages } from '../src/evidence.ts';

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

for (const [what, files, next, asked] of [
  ['the same page for ever', 1, () => 7, 2],
  ['pages that hardly go on', 1, (at: number) => at, 40],
  ['pages that go back', 1, (at: number) => 9 - at, 2],
  ['a page that is named by a text', 1, (at: number) => `${at}&x`, 1],
  ['a page past any file', 0, () => 10_000, 1],
  ['more files than any run leaves', 5000, (at: number) => at, 2],
  ['more files than any run leaves on one page', 9000, () => null, 1],
] as [string, number, (at: number) => unknown, number][])
  test(`a service that gives ${what} is not followed`, async (context) => {
    let at = 0;
    const page = () => {
      at += 1;
      const list = Array.from({ length: files }, (_, n) => file(`${at}/${n}`, 0));
      return { documents: {}, index: null, openings: null, files: list, next: next(at) };
    };
    context.mock.method(globalThis, 'fetch', async () => Response.json(page()));
    await assert.rejects(
      allPages('https://calls.test/v1/calls/1/evidence', {}),
      /in pages that end/,
    );
    assert.equal(at, asked);
  });

test('pages that go on and end are one', async (context) => {
  let at = 0;
  const page = () => ({
    documents: {},
    files: [file(`${(at += 1)}`, 0)],
    next: at < 3 ? at : null,
  });
  context.mock.method(globalThis, 'fetch', async () => Response.json(page()));
  const { files } = await allPages('https://calls.test/v1/calls/1/evidence', {});
  assert.deepEqual(
    files.map(({ name }) => name),
    ['1', '2', '3'],
  );
});
