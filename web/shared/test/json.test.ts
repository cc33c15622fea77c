// JSON from strangers is bounded before it is used, and no parser's words repeat what stood there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../src/bytes.ts';
import { Malformed } from '../src/errors.ts';
import { canonical, parseObject } from '../src/json.ts';

const BROKEN: [string, RegExp][] = [
  ['{"a":1,"a":2}', /every name once/],
  ['{"a":{"b":1,"\\u0062":2}}', /every name once/],
  [`{"a":${'['.repeat(16)}${']'.repeat(16)}}`, /16 levels/],
  [`{"a":${'1'.repeat(33)}}`, /32 characters/],
  ['{"a":9007199254740992}', /RFC 8785/],
  ['{"a":1e999}', /RFC 8785/],
  ['{"a":NaN}', /something else/],
  ['{"a":"secret}', /something else/],
  ['\ufeff{}', /something else/],
  ['[]', /got list/],
  ['{"a":1', /something else/],
];

for (const [text, words] of BROKEN)
  test(`is refused: ${text.slice(0, 40)}`, () => {
    assert.throws(
      () => parseObject(utf8(text)),
      (error) =>
        error instanceof Malformed &&
        words.test(error.message) &&
        !error.message.includes('secret'),
    );
  });

test('a body of too many bytes is refused before it is read', () => {
  assert.throws(
    () => parseObject(utf8(`{"a":"${'é'.repeat(20)}"}`), 40),
    /at most 40 bytes, got 48/,
  );
  assert.throws(() => parseObject(Uint8Array.of(0x7b, 0xff, 0x7d)), /not UTF-8/);
});

test('each byte is looked at once, also where a string has no end', () => {
  for (const text of [`{"${'\\"'.repeat(100_000)}`, `{"${'\\"'.repeat(100_000)}\\`]) {
    const start = process.cpuUsage().user;
    assert.throws(() => parseObject(utf8(text), 1 << 20), /something else/);
    const seconds = (process.cpuUsage().user - start) / 1e6;
    assert.ok(seconds < 1, `took ${seconds} s`);
  }
});

test('marks within strings are no structure', () => {
  const text = '{"a":"[[[[[[[[[[[[[[[[[[:\\"a\\":1,","b":[{"a":1},{"a":-2.5e3}]}';
  assert.deepEqual(parseObject(utf8(text)), JSON.parse(text));
});

test('canonical JSON sorts by code units and holds no half of a surrogate pair', () => {
  const value = { '\ufb33': 1, '\u{1f600}': 2, b: [true, null, 1e21, -0] };
  assert.equal(canonical(value), '{"b":[true,null,1e+21,0],"\u{1f600}":2,"\ufb33":1}');
  assert.throws(() => canonical('\ud800'), Malformed);
});
