// Whatever a seller may write into an offer, the page reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, MINA, newKey, tokenOf } from '../../shared/src/mina.ts';
import { offerId } from '../../shared/src/offer.ts';
import { priced } from '../src/format.ts';
import { getOffer, takenPrices } from '../src/service/api.ts';
import { parseOffer } from '../src/service/offer.ts';

const KEY = 'B62qiVGZQdBJJrxnzhvqp7LKe6jDiFcpU3cF5xHoZof5Pz9qiL85KLx';
const OTHER = addressOf(newKey());

const source = {
  provider: 'gitlab',
  origin: 'https://ci.example',
  project: '7',
  ref: 'v1',
  commit: 'a'.repeat(40),
  tree: 'b'.repeat(40),
  configuration: { path: '.gitlab-ci.yml', sha256: 'c'.repeat(64), includes: [] },
  user: 3,
};

const offer = {
  title: 'Say hello',
  network: 'mina:devnet',
  sealrun: 2,
  prices: [],
  terms: null,
  oracle: KEY,
  access: { open: true, keys: [] },
  limits: { seconds: 60 },
  inputs: { type: 'object', properties: {}, additionalProperties: false },
  evidence: {
    inputs: 'buyer',
    outputs: [],
    log: [],
    symbols: [],
    probes: [],
    token: 'buyer',
    grade: 0,
    deterministic: false,
  },
};

for (const more of [
  {},
  { base_path: '/gitlab' },
  { inputs_as: 'variables' },
  { base_path: '/gitlab', inputs_as: 'inputs' },
])
  test(`a source with ${JSON.stringify(more)} is read`, async () => {
    const document = { ...offer, source: { ...source, ...more } };
    const read = await parseOffer(document, await offerId(document));
    assert.deepEqual(read.source, { ...source, ...more });
  });

const PRICE = { asset: MINA, amount: '5', decimals: 9, symbol: 'MINA' };
const TERMS = {
  network: 'mina:devnet',
  ledger: '7',
  seller: KEY,
  operator: KEY,
  operator_share: 0,
  oracle: KEY,
  exit_delay: 100,
};

const CREDIT = { asset: tokenOf(KEY), amount: '150', decimals: 2, symbol: 'RUN', owner: KEY };

for (const [name, prices, told] of [
  ['in MINA', [PRICE], ['0.000000005 MINA']],
  ['in MINA and a token', [PRICE, CREDIT], ['0.000000005 MINA', '1.5 RUN']],
  ['in a token alone', [CREDIT], ['1.5 RUN']],
] as const)
  test(`prices ${name} are read, each with the terms of accounts in its asset`, async () => {
    const document = { ...offer, source, prices, terms: TERMS };
    const read = await parseOffer(document, await offerId(document));
    assert.deepEqual(read.prices.map(priced), told);
    for (const { asset, terms } of read.prices) assert.deepEqual(terms, { asset, ...TERMS });
  });

test('an offer that proofs settle is refused with the command that buys it', async () => {
  const { oracle: _, ...rest } = TERMS;
  const document = { ...offer, source, prices: [PRICE], terms: { ...rest, keys: '99' } };
  await assert.rejects(
    parseOffer(document, await offerId(document)),
    /proofs of the CI’s own tokens settle this offer’s\. Buy with the command: sealrun open OFFER, then sealrun call OFFER --pay\.$/,
  );
});

test('an offer from before offers listed prices is refused in words', async () => {
  const { prices: _, ...rest } = offer;
  const document = { ...rest, sealrun: 1, price: '0', source };
  await assert.rejects(parseOffer(document, '0'.repeat(64)), /an older sealrun/);
});

test('a price that is dropped is none that takes runs now, by its id and not its symbol', async () => {
  const document = { ...offer, source, prices: [PRICE, CREDIT], terms: TERMS };
  const hash = await offerId(document);
  const view = { open: true, reason: null, accepts: [], offer: await parseOffer(document, hash) };
  const taken = (asset: string) =>
    takenPrices({ ...view, dropped: [{ asset, symbol: 'RUN', reason: 'paused' }] }).map(priced);
  assert.deepEqual(taken(CREDIT.asset), ['0.000000005 MINA']);
  assert.deepEqual(taken(MINA), ['1.5 RUN']);
  assert.deepEqual(taken('wOther'), ['0.000000005 MINA', '1.5 RUN']);
});

test('a source with a member that this page does not know is refused', async () => {
  const document = { ...offer, source: { ...source, runner: 'mine' } };
  await assert.rejects(parseOffer(document, await offerId(document)), /source: .*runner/);
});

test('prices that take no runs now are told, and nothing of another form', async () => {
  const document = { ...offer, source };
  const hash = await offerId(document as never);
  const told = [
    { asset: 'wRun', symbol: 'RUN', reason: 'it is paused' },
    { asset: 'wRun', symbol: 'RUN', reason: 5 },
    { symbol: 'RUN', reason: 'of no asset' },
    null,
    'RUN',
  ];
  for (const [dropped, expected] of [
    [told, ['it is paused']],
    [undefined, []],
    ['RUN', []],
  ] as const) {
    const view = { offer: hash, open: true, reason: null, document, accepts: [], dropped };
    globalThis.fetch = async () => Response.json(view);
    const shown = await getOffer('https://service.example', hash);
    assert.deepEqual(
      shown.dropped.map(({ reason }) => reason),
      expected,
    );
  }
});

// Each of these is refused by the command too: what a person compares, such as the oracle, is what moves the money.
const other = tokenOf(KEY);
for (const [name, change, says] of [
  ['another oracle than its terms', { oracle: OTHER }, /oracle: expected that of the terms/],
  [
    'another network than its terms',
    { network: 'mina:mainnet' },
    /network: expected that of the terms, mina:devnet, got mina:mainnet/,
  ],
  ['a network that is none', { network: 'mina:berkeley' }, /network: expected one of mina:devnet/],
  ['terms that name an asset', { terms: { ...TERMS, asset: other } }, /terms: .*got also asset/],
  [
    'a title that turns what follows it around',
    { title: 'Hello \u202eANIM' },
    /title: expected printable/,
  ],
  ['a title of two lines', { title: 'Hello\nFree' }, /title: expected printable/],
  [
    'a tag that turns what follows it around',
    { source: { ...source, ref: 'v\u2067' } },
    /ref: expected printable/,
  ],
  [
    'a file shown to everyone whose name hides itself',
    { evidence: { ...offer.evidence, outputs: ['a\u200b', '*\u202e'] } },
    /outputs is no list of texts/,
  ],
] as const)
  test(`A4: an offer with ${name} is refused`, async () => {
    const document = { ...offer, source, prices: [PRICE], terms: TERMS, ...change };
    await assert.rejects(parseOffer(document, await offerId(document)), says);
  });
