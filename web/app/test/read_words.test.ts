// The same sentence always gives the same inputs, and no value that the offer's rules refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InputSchema } from '../../shared/src/inputs.ts';
import { readWords } from '../src/assistant/read_words.ts';

const schema: InputSchema = {
  properties: {
    target: { type: 'string', enum: ['wasm', 'native', 'docs'], title: 'Target' },
    threads: { type: 'integer', minimum: 1, maximum: 8, title: 'Worker threads' },
    release: { type: 'boolean', title: 'Release build' },
    note: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,39}$', maxLength: 40 },
    settings: {
      type: 'string',
      contentEncoding: 'base64url',
      contentMediaType: 'application/json',
      maxLength: 512,
    },
  },
};

for (const [text, values] of [
  [
    'a docs build with 4 threads, not release, note "from-the-page"',
    { target: 'docs', threads: '4', release: false, note: 'from-the-page' },
  ],
  ['Release native please', { target: 'native', release: true }],
  ['no docs, wasm', { target: 'wasm' }],
  ['threads=3 release=no note=abc', { threads: '3', release: false, note: 'abc' }],
  ['threads: 5; target: docs.', { threads: '5', target: 'docs' }],
  ['use {"level": 3} and “quoted”', { settings: '{"level": 3}', note: 'quoted' }],
  ['"docs" is the note', { note: 'docs' }],
  ['1 thread', { threads: '1' }],
  ['hello there', {}],
  ['', {}],
] as [string, object][])
  test(`reads: ${text}`, () => assert.deepEqual(readWords(schema, text).values, values));

test('each value says the words that it was read from', () => {
  const { why } = readWords(schema, 'docs with 4 threads, without release, note "x"');
  assert.deepEqual(why, {
    target: 'you wrote “docs”',
    threads: 'you wrote “4 threads”',
    release: 'you wrote “without release”',
    note: 'you quoted it',
  });
});

test('what does not fit is named and left out', () => {
  const reading = readWords(schema, 'docs with 9 threads and note "Not So"');
  assert.deepEqual(reading.values, { target: 'docs' });
  assert.equal(reading.refused.length, 2);
  assert.match(reading.refused.join(' '), /threads: The value is greater than the maximum of 8\./);
});

test('no word of a sentence reaches a name that every object has', () => {
  const reading = readWords(schema, '__proto__=1 constructor=2 toString: x, sealrun_call=3');
  assert.deepEqual(reading, { values: {}, why: {}, refused: [] });
});

test('a long text ends in time', () => {
  const text = `${'threads '.repeat(50_000)}${'"a'.repeat(50_000)}${'{'.repeat(50_000)}`;
  assert.deepEqual(readWords(schema, text).values, {});
});
