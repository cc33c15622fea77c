// Where addresses lead, and what an amount is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAmount } from '../src/format.ts';
import { parseRoute } from '../src/route.ts';

const PAGE = 'https://page.example/some/where/';
const OFFER = '0a'.repeat(32);
const ACCOUNT = 'B62qpqyHepYAVKH61tL6A6k3t1PXHrUU3SGSRh3Xoaqa5khi91CQr7H';

test('an address names all accounts, one of them, or the offer to open one for', () => {
  assert.deepEqual(parseRoute('#/account', PAGE), { page: 'account', address: '' });
  assert.deepEqual(parseRoute(`#/account/${ACCOUNT}`, PAGE), { page: 'account', address: ACCOUNT });
  assert.deepEqual(parseRoute(`#/open/https://ci.example/offers/${OFFER}?deposit=1000`, PAGE), {
    page: 'open',
    service: 'https://ci.example',
    offer: OFFER,
  });
});

test('an address names a service by itself, or with the list of its offers', () => {
  const shown = { page: 'service', service: 'https://ci.example/stage' };
  for (const place of ['', '/', '/offers', '/offers/'])
    assert.deepEqual(parseRoute(`#/https://ci.example/stage${place}`, PAGE), shown, place);
  assert.deepEqual(parseRoute('#/http://127.0.0.1:8080', PAGE), {
    page: 'service',
    service: 'http://127.0.0.1:8080',
  });
});

test('an address within a service, or of none, names no service', () => {
  const wrong = [
    '#/https://ci.example/offers/short',
    `#/https://ci.example/calls/${OFFER}/receipt`,
    '#/https://ci.example/?after=1',
    '#/https://user:word@ci.example',
    '#/http://ci.example',
    '#/ci.example',
    '#/offers',
    '#/javascript:alert(1)',
  ];
  for (const place of wrong) assert.equal(parseRoute(place, PAGE).page, 'unknown', place);
});

test('an address that names no account and no offer leads nowhere', () => {
  const wrong = [
    '#/account/B62q',
    `#/account/${ACCOUNT}/more`,
    '#/open/',
    `#/open/https://ci.example/calls/${OFFER}`,
    `#/open/http://ci.example/offers/${OFFER}`,
    `#/open/https://user:word@ci.example/offers/${OFFER}`,
  ];
  for (const place of wrong) assert.equal(parseRoute(place, PAGE).page, 'unknown', place);
});

test('an amount is a decimal number above 0 with at most nine places', () => {
  assert.deepEqual(['20', ' 7.5 ', '0.000000001', '1.100000000'].map(parseAmount), [
    20_000_000_000n,
    7_500_000_000n,
    1n,
    1_100_000_000n,
  ]);
  for (const text of [
    '',
    '0',
    '0.0',
    '-1',
    '1,5',
    '1.',
    '.5',
    '1e3',
    '0x10',
    '1.0000000001',
    '9'.repeat(11),
  ])
    assert.equal(parseAmount(text), undefined, text);
});
