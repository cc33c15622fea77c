// What the page remembers of a call whose answer was lost.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import Client from 'mina-signer-3';
import { voucherFields, type Call } from '../../shared/src/call.ts';
import { fieldHex } from '../../shared/src/fields.ts';
import { holds, MINA, sign, tokenOf } from '../../shared/src/mina.ts';
import { termsHash } from '../../shared/src/verification/documents.ts';
import { buy, type Order } from '../src/buy.ts';
import { MINA_UNIT, type Unit } from '../src/format.ts';
import type { Offer, Priced } from '../src/service/offer.ts';
import type { Numeral } from '../src/wallet/sign.ts';
import { accounts, keep, type Account } from '../src/state/accounts.ts';
import { activity, costOf } from '../src/state/activity.ts';
import { emptyBrowser } from './browser.ts';

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
  prices: [],
  oracle: wallet.address,
} as unknown as Offer;
const order: Order = {
  service: 'https://service.example',
  view: { offer, open: true, reason: null, dropped: [], accepts: [] },
  inputs: {},
  wallet,
  paying: undefined,
  show: () => undefined,
};

type Attempt = () => Response;
const lost: Attempt = () => {
  throw new TypeError('the connection was reset');
};
const status = (code: number): Attempt => {
  return () => new Response('<h1>not from the service</h1>', { status: code });
};

beforeEach(emptyBrowser);

const seller = new Client({ network: 'devnet' }).genKeys().publicKey;
const owner = new Client({ network: 'devnet' }).genKeys().publicKey;
const address = new Client({ network: 'devnet' }).genKeys().publicKey;
const shared = {
  network: 'mina:devnet',
  ledger: '7',
  seller,
  operator: seller,
  operator_share: 0,
  oracle: owner,
  exit_delay: 60,
};
const pricedIn = (asset: string, amount: bigint, unit: Unit, more = {}): Priced => {
  return { asset, amount, ...unit, terms: { ...shared, asset }, ...more };
};
const inMina = pricedIn(MINA, 5n, MINA_UNIT);
const inRuns = pricedIn(tokenOf(owner), 2n, { decimals: 0, symbol: 'RUN' }, { owner });
const accepted = ({ asset, amount, decimals, symbol, terms }: Priced) => ({
  scheme: 'batch-settlement',
  network: 'mina:devnet',
  asset,
  amount: String(amount),
  payTo: seller,
  extra: { offer: offer.hash, decimals, symbol, terms, termsHash: fieldHex(termsHash(terms)) },
});
const accountOf = (price: Priced, unit: Unit = price): Account => ({
  address,
  terms: fieldHex(termsHash(price.terms)),
  document: price.terms,
  seller,
  service: order.service,
  unit: { decimals: unit.decimals, symbol: unit.symbol },
  known: { committed: 4n, highest: 4n, refused: [] },
});
const shown: Numeral[] = [];
const paidOrder = (account: Account, accepts = [inMina, inRuns].map(accepted)): Order => ({
  ...order,
  view: { ...order.view, accepts, offer: { ...offer, prices: [inMina, inRuns] } },
  paying: { price: inRuns, account },
  show: (numerals) => void shown.push(...(numerals ?? [])),
});

test('a run is paid in credits with one signature, by the entry, voucher and limit of their asset', async () => {
  const sent: RequestInit[] = [];
  globalThis.fetch = async (_url, options) => {
    sent.push(options ?? {});
    return Response.json({ state: 'triggering' });
  };
  shown.length = 0;
  await buy(paidOrder(accountOf(inRuns)));
  assert.equal(sent.length, 1);
  const body = JSON.parse(String(sent[0]?.body));
  assert.deepEqual([body.asset, body.account], [inRuns.asset, address]);
  const header = new Headers(sent[0]?.headers).get('PAYMENT-SIGNATURE') ?? '';
  const payment = JSON.parse(Buffer.from(header, 'base64').toString());
  assert.deepEqual(payment.accepted, accepted(inRuns));
  const { limit, callHash, signature } = payment.payload;
  assert.equal(limit, '6');
  const call = { network: 'mina:devnet', account: address, asset: inRuns.asset } as Call;
  assert.ok(holds(voucherFields(call, BigInt(callHash), BigInt(limit)), signature, wallet.address));
  const inMinas = voucherFields({ ...call, asset: MINA }, BigInt(callHash), BigInt(limit));
  assert.ok(!holds(inMinas, signature, wallet.address));
  assert.match(
    shown.map(({ means }) => means).join('; '),
    /asset RUN, as the seller calls it, the token .*; may cost 6 RUN in all/,
  );
  const [kept] = accounts();
  assert.deepEqual(
    [kept?.known.committed, kept?.known.highest, kept?.unit],
    [6n, 6n, { decimals: 0, symbol: 'RUN' }],
  );
  const [ran] = activity();
  assert.equal(ran && costOf(ran), '2 RUN');
});

for (const [what, account, says] of [
  ['in MINA', accountOf(inMina), /account in RUN of 0 decimals, got one in MINA of 9/],
  [
    'whose token was named otherwise',
    accountOf(inRuns, { decimals: 2, symbol: 'RUN' }),
    /in RUN of 0 decimals, got one in RUN of 2/,
  ],
  [
    'of other terms',
    accountOf({ ...inRuns, terms: { ...inRuns.terms, ledger: '8' } }),
    /terms in RUN, got one in RUN of other terms/,
  ],
] as const)
  test(`a price in credits is not paid from an account ${what}, and nothing is signed`, async () => {
    shown.length = 0;
    globalThis.fetch = () => assert.fail('expected no request');
    await assert.rejects(buy(paidOrder(account)), says);
    assert.deepEqual([shown, activity(), accounts()], [[], [], []]);
  });

test('where another tab keeps the account in another asset, nothing is signed', async () => {
  keep(accountOf(inMina));
  globalThis.fetch = () => assert.fail('expected no request');
  await assert.rejects(buy(paidOrder(accountOf(inRuns))), /got one in MINA/);
  assert.equal(accounts()[0]?.known.highest, 4n);
});

for (const [what, accepts, says] of [
  ['leaves the asset out', [accepted(inMina)], /in RUN among what is accepted, got others/],
  ['asks for more', [{ ...accepted(inRuns), amount: '3' }], /amount: expected 2, got 3/],
] as const)
  test(`nothing is signed where the service ${what}`, async () => {
    globalThis.fetch = () => assert.fail('expected no request');
    await assert.rejects(buy(paidOrder(accountOf(inRuns), [...accepts])), says);
    assert.deepEqual([activity(), accounts()], [[], []]);
  });

test('accounts of before tokens are in MINA', () => {
  const { unit: _, known, ...rest } = accountOf(inMina);
  const old = { ...rest, committed: '1', highest: '2', refused: [] };
  localStorage.setItem('sealrun:accounts', JSON.stringify([old]));
  assert.deepEqual(accounts()[0]?.unit, MINA_UNIT);
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

/** A service that takes no call, whatever is signed, and shows the buyer's newest signature that it may count. */
function refusing(code: number): bigint[] {
  const limits: bigint[] = [];
  const vouchers = [voucherOf(7n, 4n)];
  const calls = new Set<string>();
  globalThis.fetch = async (_url, options) => {
    const header = new Headers(options?.headers).get('PAYMENT-SIGNATURE') ?? '';
    const { payload } = JSON.parse(Buffer.from(header, 'base64').toString());
    const { callHash, limit, signature } = payload;
    limits.push(BigInt(limit));
    const shown = vouchers.at(-1);
    vouchers.push({ callHash, limit, signature });
    calls.add(callHash);
    // Every other call is refused in another way, so that its voucher might be counted next.
    if (calls.size % 2 === 0 && code !== 402) {
      const problem = { type: 'urn:sealrun:problem:offer-closed' };
      return Response.json(problem, { status: code });
    }
    const correction = { due: '0', pending: shown?.limit, voucher: shown };
    const entry = accepted(inRuns);
    const required = { accepts: [{ ...entry, extra: { ...entry.extra, correction } }] };
    const headers = {
      'payment-required': Buffer.from(JSON.stringify(required)).toString('base64'),
    };
    return new Response('{}', { status: 402, headers });
  };
  return limits;
}

function voucherOf(call: bigint, limit: bigint): Record<string, string> {
  const signed = { network: 'mina:devnet', account: address, asset: inRuns.asset } as Call;
  const signature = sign(voucherFields(signed, call, limit), privateKey);
  return { callHash: String(call), limit: String(limit), signature };
}

for (const code of [402, 429, 403, 503])
  test(`C2: a service that counts calls which it refused with 402 and ${code} gets one price`, async () => {
    const limits = refusing(code);
    keep(accountOf(inRuns));
    for (let press = 0; press < 5; press += 1)
      await buy(paidOrder(accountOf(inRuns))).catch(() => undefined);
    assert.ok(limits.length >= 5);
    assert.deepEqual([...new Set(limits)], [6n]);
  });

test('C2: a run that was taken is not told as failed where the browser has no room for a note of it', async () => {
  globalThis.fetch = async () => Response.json({ state: 'triggering' });
  const { setItem } = localStorage;
  for (const full of ['sealrun:services', 'sealrun:activity']) {
    let writes = 0;
    localStorage.setItem = (name, text) => {
      // A run is remembered before it is sent: without room for that nothing is.
      if (name === full && (full !== 'sealrun:activity' || (writes += 1) > 1))
        throw new DOMException('full', 'QuotaExceededError');
      setItem(name, text);
    };
    assert.match(await buy(paidOrder(accountOf(inRuns))), /^[0-9a-f]{64}$/);
  }
  assert.equal(accounts()[0]?.known.committed, 8n);
});

test('C2: a call that was refused stays refused, whatever another tab knew of the account before', () => {
  const account = accountOf(inRuns);
  keep({ ...account, known: { ...account.known, refused: ['7'] } });
  keep({ ...account, known: { ...account.known, refused: ['9'] } });
  assert.deepEqual(accounts()[0]?.known.refused, ['7', '9']);
});
