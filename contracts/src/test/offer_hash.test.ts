/** A proof opens an offer's hash: its facts, and its price in one asset. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Bool, Field, Provable, TokenId, UInt64 } from 'o1js';
import { digestFields } from '../fields.js';
import {
  MAX_PRICES,
  PRICES_DEPTH,
  type Price,
  offerHash,
  priceLeaf,
  pricesRoot,
} from '../offer_hash.js';
import { node, path } from '../receipts.js';
import { party } from './world.js';

const DIGEST = digestFields(new Uint8Array(32).fill(7));
const FACTS = Field(99);
const MINA: Price = { asset: TokenId.default, amount: UInt64.from(5) };
const CREDIT: Price = { asset: TokenId.derive(party().address), amount: UInt64.one };
const HASH = offerHash(DIGEST, FACTS, pricesRoot([MINA, CREDIT]));

/** What a circuit does that takes one price of an offer from a witness. */
async function opened(hash: Field, claimed: Price, index: number, facts = FACTS): Promise<void> {
  const siblings = path([MINA, CREDIT].map(priceLeaf), index, PRICES_DEPTH);
  await Provable.runAndCheck(() => {
    const wit = (value: Field) => Provable.witness(Field, () => value);
    const price = {
      asset: wit(claimed.asset),
      amount: Provable.witness(UInt64, () => claimed.amount),
    };
    const root = siblings.reduce((below, sibling, level) => {
      const right = Provable.witness(Bool, () => Bool(((index >> level) & 1) === 1));
      const beside = wit(sibling);
      const [left, other] = [Provable.if(right, beside, below), Provable.if(right, below, beside)];
      return node(left, other);
    }, priceLeaf(price));
    offerHash([wit(DIGEST[0]), wit(DIGEST[1])], wit(facts), root).assertEquals(
      hash,
      'not this offer',
    );
  });
}

describe('opening', () => {
  test('each price of an offer opens, with its facts', async () => {
    await opened(HASH, MINA, 0);
    await opened(HASH, CREDIT, 1);
  });

  const lies: [string, Price, number, Field?][] = [
    ['a lower price', { ...MINA, amount: UInt64.from(4) }, 0],
    ["another asset's price", { ...CREDIT, amount: MINA.amount }, 1],
    ['a price at another place', MINA, 1],
    ['an asset without a price', { asset: Field(8), amount: UInt64.one }, 0],
    ['other facts', MINA, 0, Field(98)],
    ['no facts', MINA, 0, Field(0)],
  ];
  for (const [name, price, index, facts] of lies)
    test(`${name} does not`, async () => {
      await assert.rejects(opened(HASH, price, index, facts), /not this offer/);
    });
});

test('the list has each asset once, ascending, at most 16, and no amount of 0', () => {
  assert.equal(pricesRoot([]).toString(), '0');
  assert.throws(() => pricesRoot([CREDIT, MINA]), /ascending order/);
  assert.throws(() => pricesRoot([MINA, MINA]), /each asset once/);
  assert.throws(() => pricesRoot([{ ...MINA, amount: UInt64.zero }]), /amounts above 0/);
  const many = Array.from({ length: MAX_PRICES + 1 }, (_, i) => ({ ...MINA, asset: Field(i + 1) }));
  assert.throws(() => pricesRoot(many), /at most 16, got 17/);
});
