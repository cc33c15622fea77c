// What the page remembers of a call whose answer was lost.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import Client from 'mina-signer-3';
import { sign } from '../../shared/src/mina.ts';
import { buy, type Order } from '../src/buy.ts';
import type { Offer } from '../src/service/offer.ts';
import { activity } from '../src/state/activity.ts';

const { privateKey, publicKey } = new Client({ network: 'devnet' }).genKeys();
const wallet = {
  name: 'a key',
  address: publicKey,
  network: null,
  sign: async (fields: bigint[]) => sign(fields, privateKey),
  signTransaction: () => Promise.reject(new Error('no transaction is signed here')),
};
const offer = {
  hash: '1'.padStart(64, '0'),
  title: 'Say hello',
  network: 'mina:devnet',
  price: 0n,
  terms: null,
  oracle: wallet.address,
} as unknown as Offer;
const order: Order = {
  service: 'https://service.example',
  view: { offer, open: true, reason: null, dropped: [], accepts: [] },
  inputs: {},
  wallet,
  account: undefined,
  show: () => undefined,
};

type Attempt = () => Response;
const lost: Attempt = () => {
  throw new TypeError('the connection was reset');
};
const status = (code: number): Attempt => {
  return () => new Response('<h1>not from the service</h1>', { status: code });
};

beforeEach(() => {
  const kept = new Map<string, string>();
  const localStorage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => kept.set(name, text),
  };
  const locks = { request: (_name: string, work: () => unknown) => work() };
  for (const [name, value] of Object.entries({ localStorage, navigator: { locks } }))
    Object.defineProperty(globalThis, name, { value, configurable: true });
});

/** Buys where the service's answers are these, one for each attempt. */
async function bought(...attempts: Attempt[]): Promise<unknown> {
  globalThis.fetch = async () => (attempts.shift() ?? assert.fail('expected no other attempt'))();
  return buy(order).then(
    () => assert.fail('expected an error'),
    (error: unknown) => error,
  );
}

for (const [name, first] of Object.entries({ lost, 'of status 502': status(502) }))
  for (const code of [402, 403, 429])
    test(`a call whose first answer was ${name} is not forgotten for a later ${code}`, async () => {
      const error = await bought(first, status(code));
      assert.match(String(error), /The run may have been taken/);
      assert.deepEqual(
        activity().map(({ state }) => state),
        ['unanswered'],
      );
    });

test('a call that was refused at once is forgotten, and not sent again', async () => {
  const error = await bought(status(429));
  assert.match(String(error), /status 429/);
  assert.deepEqual(activity(), []);
});
