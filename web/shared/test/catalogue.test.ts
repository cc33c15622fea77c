// What a catalogue may say, and what is found in it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readPrices } from '../src/prices.ts';
import { MAX_ENTRIES, readCatalogue, search, type Wanted } from '../src/catalogue.ts';

const KEY = 'B62qiVGZQdBJJrxnzhvqp7LKe6jDiFcpU3cF5xHoZof5Pz9qiL85KLx';
const RUN = 'y1iJ59bn6jLkXwkUcTEtY95p1ssQXhQBnYPU2BbeHWG8h76bhz';
const ANY: Wanted = { words: '', asset: '', provider: '', atMost: null, grade: 0, input: '' };

const entry = (offer: string, changes: object = {}) => ({
  offer: offer.padStart(64, '0'),
  url: `https://ci.example/stage/offers/${offer.padStart(64, '0')}`,
  title: 'Say hello',
  provider: 'gitlab',
  source: { repository: 'https://gitlab.example/projects/7' },
  seller: KEY,
  proved: false,
  prices: [{ asset: RUN, amount: '18446744073709551615', decimals: 0, symbol: 'RUN', owner: KEY }],
  grade: 0,
  inputs: [{ name: 'runs', type: 'integer', title: 'How often', description: 'Größer' }],
  callers: 'anyone',
  open: true,
  reason: '',
  dropped: [],
  history: null,
  ...changes,
});
const catalogue = (entries: unknown[], changes: object = {}) => ({
  version: 1,
  network: 'mina:devnet',
  board: KEY,
  height: 7,
  built: 1_800_000_000,
  listed: 2,
  read: 2,
  failed: { signature: 1, document: 2 },
  entries,
  ...changes,
});

const VECTOR = new URL('../../../tests/vectors/catalogue.json', import.meta.url);

test('what the command writes is read, all of it', () => {
  const found = readCatalogue(JSON.parse(readFileSync(VECTOR, 'utf-8')));
  assert.equal(found.unreadable, 0);
  assert.deepEqual(
    found.entries.map(({ title, history }) => [title, history?.runs, history?.good]),
    [
      ['<b>Fuzz</b> a parser & more', undefined, undefined],
      ['Build the layers', 3, 2],
    ],
  );
  const [price] = readPrices(found.entries[0]?.prices);
  assert.equal(price?.symbol, 'MINA');
  assert.equal(found.entries[1]?.history?.seconds, 95);
});

test('a catalogue is read with names that this page does not know left out', () => {
  const found = readCatalogue(catalogue([entry('1', { later: {} })], { later: 1 }));
  assert.equal(found.failed, 3);
  assert.equal(found.unreadable, 0);
  assert.equal(found.entries[0]?.service, 'https://ci.example/stage');
});

test('words, asset, price, provider, grade and input all have to fit', () => {
  const found = readCatalogue(
    catalogue([entry('1'), entry('2', { grade: 1, provider: 'github', prices: [] })]),
  );
  const offers = (changes: Partial<Wanted>) =>
    search(found, { ...ANY, ...changes }).map(({ offer }) => Number(offer));
  assert.deepEqual(offers({}), [1, 2]);
  assert.deepEqual(offers({ words: '  GRÖSSER ' }), []);
  assert.deepEqual(offers({ words: 'größer OFTEN ci.example' }), [1, 2]);
  assert.deepEqual(offers({ words: 'run projects/7' }), [1, 2]);
  assert.deepEqual(offers({ words: '.*' }), []);
  assert.deepEqual(offers({ asset: RUN }), [1]);
  assert.deepEqual(offers({ asset: RUN, atMost: 2n ** 64n - 2n }), []);
  assert.deepEqual(offers({ asset: RUN, atMost: 2n ** 64n - 1n }), [1]);
  assert.deepEqual(offers({ asset: 'x' }), []);
  assert.deepEqual(offers({ provider: 'github' }), [2]);
  assert.deepEqual(offers({ grade: 1 }), [2]);
  assert.deepEqual(offers({ input: 'runs' }), [1, 2]);
  assert.deepEqual(offers({ input: 'constructor' }), []);
});

test('an entry says what took no calls, and why, in plain words only', () => {
  const reason = 'credits: RUN expired';
  const dropped = [{ asset: RUN, symbol: 'RUN', reason }];
  const forged = [{ asset: RUN, symbol: 'RUN', reason: 'a\u202eb' }];
  const found = readCatalogue(
    catalogue([
      entry('1', { dropped }),
      entry('2', { open: false, reason: 'the house moves' }),
      entry('3', { dropped: forged }),
      entry('4', { open: false, reason: forged }),
    ]),
  );
  assert.deepEqual(
    found.entries.map((each) => [each.reason, each.dropped]),
    [
      ['', dropped],
      ['the house moves', []],
    ],
  );
  assert.equal(found.unreadable, 2);
});

test('entries that are not of their form are counted, and each offer stands once', () => {
  const wrong = [
    null,
    [],
    { __proto__: null },
    entry('1', { title: 'a\u0000b' }),
    entry('1', { url: `https://ci.example/offers/${'2'.padStart(64, '0')}` }),
    entry('1', { url: `https://ci.example#/offers/${'1'.padStart(64, '0')}` }),
    entry('1', { url: `https://a@ci.example/offers/${'1'.padStart(64, '0')}` }),
    entry('1', { prices: [{ asset: RUN, amount: 1, decimals: 0, symbol: 'RUN' }] }),
    entry('1', { prices: [{ asset: RUN, amount: '1', decimals: 1e9, symbol: 'RUN' }] }),
    entry('1', {
      inputs: [{ name: 'a', type: 'string', title: 'x'.repeat(400), description: '' }],
    }),
    entry('1', { history: [] }),
    entry('1', { history: { runs: 5 } }),
  ];
  const found = readCatalogue(catalogue([...wrong, entry('1'), entry('1')]));
  assert.equal(found.entries.length, 1);
  assert.equal(found.unreadable, wrong.length + 1);
});

test('a document of another kind is refused', () => {
  for (const [document, words] of [
    [null, /expected an object/],
    [catalogue([], { version: '1' }), /expected version 1/],
    [catalogue([], { entries: {} }), /expected a list of at most/],
    [catalogue([], { entries: { length: 2 } }), /expected a list of at most/],
    [catalogue(Array<number>(MAX_ENTRIES + 1).fill(0)), /expected a list of at most/],
    [catalogue([], { built: -1 }), /built: expected a whole number/],
    [catalogue([], { network: '\u202e' }), /network: expected a network/],
  ] as const)
    assert.throws(() => readCatalogue(document), words);
});
