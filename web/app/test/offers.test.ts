// The list of a service's offers, which is its own word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listOffers } from '../src/service/offers.ts';

const offer = {
  offer: '1'.repeat(64),
  title: 'Say hello',
  network: 'mina:devnet',
  provider: 'gitlab',
  seller: null,
  prices: [],
  grade: 0,
  open: true,
};

async function listed(changes: object): Promise<unknown> {
  globalThis.fetch = async () => Response.json({ offers: [{ ...offer, ...changes }], next: null });
  return (await listOffers('https://service.example', null)).offers[0]?.title;
}

test('a list shows no title that no offer can have, such as one that turns what follows it', async () => {
  assert.equal(await listed({}), offer.title);
  for (const name of ['title', 'network', 'provider'])
    await assert.rejects(listed({ [name]: 'Say \u202ehello' }), {
      name: /./,
      message: RegExp(name),
    });
});
