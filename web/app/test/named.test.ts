// An input that names an offer: what is typed, and which offers it may name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Property } from '../../shared/src/inputs.ts';
import { MINA } from '../../shared/src/mina.ts';
import { checkDraft } from '../src/inputs.ts';
import { checkBounds } from '../src/service/named.ts';
import type { Offer } from '../src/service/offer.ts';

const ID = '0a'.repeat(32);
const KIND: Property = { type: 'string', format: 'sealrun-offer', maxLength: 256 };
const OUTER = { network: 'mina:devnet' } as Offer;
const SOLD = {
  network: 'mina:devnet',
  prices: [
    { asset: MINA, amount: 5n, decimals: 9, symbol: 'MINA', terms: { seller: 'B62seller' } },
  ],
} as unknown as Offer;
const FREE: Offer = { ...SOLD, prices: [] };
const most = (amount: string, asset = MINA) => ({ asset, amount, decimals: 9, symbol: 'MINA' });

test('the address of an offer may be typed as it stands in a browser', () => {
  const schema = { properties: { scanner: KIND } };
  const typed = checkDraft(schema, { scanner: ` https://scan.example:8443/offers/${ID} ` });
  assert.deepEqual(typed, {
    inputs: { scanner: `scan.example+8443/offers/${ID}` },
    wrong: {},
  });
  assert.match(
    checkDraft(schema, { scanner: 'https://scan.example/' }).wrong['scanner'] ?? '',
    /expected HOST\/offers\/OFFER/i,
  );
});

test('an offer within the bounds may be named', () => {
  for (const more of [{}, { 'x-sellers': ['B62other', 'B62seller'] }, { 'x-price': most('5') }])
    checkBounds(OUTER, { ...KIND, ...more }, SOLD);
  checkBounds(OUTER, { ...KIND, 'x-price': most('1') }, FREE);
});

for (const [what, more, offer, says] of [
  ['of another seller', { 'x-sellers': ['B62other'] }, SOLD, /offers of B62other only/],
  [
    'of price 0, which names no seller',
    { 'x-sellers': ['B62seller'] },
    FREE,
    /offers of B62seller only/,
  ],
  ['that costs more', { 'x-price': most('4') }, SOLD, /at most/],
  ['without a price in the asset', { 'x-price': most('9', 'wOther') }, SOLD, /at most/],
  ['on another network', {}, { ...SOLD, network: 'mina:mainnet' }, /is on mina:mainnet/],
] as const)
  test(`an offer ${what} may not be named`, () => {
    assert.throws(() => checkBounds(OUTER, { ...KIND, ...more } as Property, offer), says);
  });
