// What is bounded before a call costs anything: an offer's limits, patterns, networks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Offer } from '../../../web/shared/src/offer.ts';
import { limitsOf } from '../src/limits.ts';
import { matches } from '../src/patterns.ts';
import { countRequest, hashedNetwork, REQUESTS_PER_MINUTE } from '../src/throttle.ts';

const offer = (access: Offer['access'], limits: Partial<Offer['limits']> = {}): Offer =>
  ({ access, quota_per_hour: 11, limits: { seconds: 61, ...limits } }) as Offer;

test('an open offer gives one buyer half of little, a listed one all of much', () => {
  const shared = limitsOf(offer({ open: true, keys: [] }));
  const open = { perHour: 11, atOnce: 20, minutesAMonth: 10_000, minutes: 2 };
  assert.deepEqual(shared, { ...open, share: { perHour: 5, atOnce: 10, minutesAMonth: 5000 } });
  const listed = limitsOf(offer({ open: false, keys: [] }));
  assert.deepEqual(
    [listed.atOnce, listed.share],
    [1000, { perHour: 11, atOnce: 1000, minutesAMonth: 10_000_000 }],
  );
  const per_buyer = { per_hour: 1, at_once: 2 };
  const said = limitsOf(
    offer({ open: true, keys: [], per_buyer }, { at_once: 1, minutes_per_month: 4 }),
  );
  assert.deepEqual(
    [said.atOnce, said.minutesAMonth, said.share],
    [1, 4, { perHour: 1, atOnce: 2, minutesAMonth: 2 }],
  );
});

test('a pattern that would run for ever in a backtracking engine is matched', () => {
  assert.equal(matches('^(a+)+$', `${'a'.repeat(255)}!`), false);
  assert.equal(matches('^[a-z]{1,20}$', 'hello'), true);
  assert.equal(matches('^a$', 'a\n'), false);
});

test('L15: classes are read as the region reads them, and nothing matches where that is another pattern', () => {
  assert.equal(matches('^[[:alnum:]]+$', 'abc'), false);
  assert.equal(matches('^[a-c[:digit:]]*$', 'a1'), false);
  assert.equal(matches('^[^[:alpha:]]$', '1'), false);
  assert.equal(matches('^[][:alpha:]]*$', 'abc'), false);
  assert.equal(matches('^[a[]$', '['), true);
  assert.equal(matches('^[\\]a]\\[?$', 'a'), true);
});

test('L15: a class within a class begins no range, as it begins none at the region', () => {
  for (const text of ['4a', '4/', '4_b']) assert.equal(matches('^[\\d--z]+$', text), false, text);
  for (const text of ['4', '4-2', '4z-']) assert.equal(matches('^[\\d--z]+$', text), true, text);
  for (const text of ['a/b', 'a.b']) assert.equal(matches('^[\\w--_]+$', text), false, text);
  for (const text of ['aB', 'a-b_4']) assert.equal(matches('^[\\w--\\d]+$', text), true, text);
  assert.equal(matches('^[\\w---a-z]+$', 'a'), false);
});

for (const pattern of ['^\\u0061$', '^(?x) a$', '^a{1}{1}$', '^(?:a{1,100}){1,11}$'])
  test(`L14: nothing matches ${pattern}, which the region takes and RE2 does not`, () =>
    assert.equal(matches(pattern, 'a'), false));

test('an IPv6 address counts as the network that its holder has', async () => {
  const network = await hashedNetwork('2001:db8:0:1::1');
  assert.equal(await hashedNetwork('2001:db8::1:5:6:7:8'), network);
  assert.equal(await hashedNetwork('2001:0DB8:0000:0001::'), network);
  assert.notEqual(await hashedNetwork('2001:db8:0:2::1'), network);
  assert.notEqual(await hashedNetwork('192.0.2.1'), await hashedNetwork('192.0.2.2'));
});

test('L12: all addresses of one IPv6 network have the requests of one sender', async () => {
  const now = 1_800_000_000;
  for (let at = 0; at < REQUESTS_PER_MINUTE; at += 1) await countRequest(`2001:db8::${at}`, now);
  await assert.rejects(async () => countRequest('2001:db8::ffff', now), /at most 60 a minute/);
  await countRequest('2001:db8:0:1::1', now);
  await countRequest('192.0.2.1', now);
});
