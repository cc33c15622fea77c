// What the page takes over from a node's answer about an account.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { PERMISSIONS } from '../../shared/src/chain/account.ts';
import { CODE } from '../../shared/src/chain/opening.ts';
import { fieldHex } from '../../shared/src/fields.ts';
import { addressOf, keyFields, MINA, newKey } from '../../shared/src/mina.ts';
import { nextLimit } from '../../shared/src/payment.ts';
import { termsHash } from '../../shared/src/verification/documents.ts';
import { adopt, openAccount, standingOf } from '../src/chain/fund.ts';
import type { Standing } from '../src/chain/node.ts';
import { MINA_UNIT } from '../src/format.ts';
import type { Priced } from '../src/service/offer.ts';
import { accountAt, keep, requireNameable } from '../src/state/accounts.ts';
import { keepTransaction, type Kept } from '../src/state/transactions.ts';
import { emptyBrowser } from './browser.ts';

const [address, buyer, seller, oracle] = Array.from({ length: 4 }, () => addressOf(newKey())) as [
  string,
  string,
  string,
  string,
];
const RUN = 'y2M7qg4Fx3jv5nW5hqJLaANoN4VtA1Fr1rVKfyoEcG7wsCRGqL';
const terms = {
  network: 'mina:devnet',
  asset: MINA,
  ledger: '7',
  seller,
  operator: seller,
  operator_share: 0,
  oracle,
  exit_delay: 60,
};

/** An answer about the account, in which this much was settled, by so many receipts. */
function told(spent: string, count: string): object {
  const state = [termsHash(terms), ...keyFields(buyer), spent, 0, 0, 1, count].map(String);
  const payee = {
    publicKey: seller,
    token: MINA,
    permissions: { access: 'None', receive: 'None' },
  };
  const setVerificationKey = { auth: 'Impossible', txnVersion: '3' };
  return {
    syncStatus: 'SYNCED',
    networkID: terms.network,
    daemonStatus: { consensusConfiguration: { slotDuration: 180_000 } },
    bestChain: [
      {
        protocolState: {
          blockchainState: { date: String(Date.now()) },
          consensusState: { blockHeight: '9', slotSinceGenesis: '9' },
        },
      },
    ],
    account: {
      publicKey: address,
      token: MINA,
      balance: { total: '20' },
      zkappState: state,
      verificationKey: { hash: CODE.hash },
      permissions: { ...PERMISSIONS, setVerificationKey },
      timing: {},
    },
    seller: payee,
    operator: payee,
  };
}

const unused = {
  name: 'a key',
  address: buyer,
  network: null,
  sign: () => assert.fail('expected no signature'),
  signTransaction: () => assert.fail('expected no signature'),
};

beforeEach(emptyBrowser);

const taken = (answer: object) => {
  globalThis.fetch = async () => Response.json({ data: answer });
  return adopt('https://node.example/graphql', address, terms, 'https://service.example');
};

test('A10: a node that tells of more that was settled raises no limit that is signed', async () => {
  const view = await taken(told('1000000000000', '5'));
  assert.equal(view?.spent, 1_000_000_000_000n);
  const { known } = accountAt(address) ?? assert.fail('expected an account');
  assert.deepEqual(known, { committed: 0n, highest: 0n, refused: [] });
  assert.equal(nextLimit(known, 5n), 5n);
});

test('A10: what this browser signed for an account stays, whatever a node tells later', async () => {
  const known = { committed: 4n, highest: 6n, refused: ['9'] };
  const account = { address, terms: '', document: terms, seller, service: '', unit: MINA_UNIT };
  keep({ ...account, known });
  for (const spent of ['0', '3', '99']) {
    await taken(told(spent, '5'));
    assert.deepEqual(accountAt(address)?.known, known);
  }
});

test('A10: what was signed in another asset is no limit of the account in this one', async () => {
  const known = { committed: 4n, highest: 6n, refused: [] };
  const unit = { symbol: 'RUN', decimals: 0 };
  const account = { address, terms: '', document: { ...terms, asset: RUN }, seller, service: '' };
  keep({ ...account, unit, known, terms: fieldHex(termsHash(account.document)) });
  await assert.rejects(
    taken(told('0', '5')),
    /in MINA on mina:devnet, got one that is kept here in RUN on/,
  );
  assert.deepEqual(accountAt(address)?.known, known);
});

for (const [name, known] of [
  ['what was signed', { committed: 4n, highest: 6n, refused: [] }],
  ['an account for which nothing was signed', { committed: 0n, highest: 0n, refused: [] }],
] as const)
  test(`A10: ${name} on another network is not lost to the account on this one`, async () => {
    const document = { ...terms, network: 'mina:mainnet' };
    const hash = fieldHex(termsHash(document));
    const account = { address, terms: hash, document, seller, service: '', unit: MINA_UNIT };
    keep({ ...account, known: { ...known, refused: [] } });
    await assert.rejects(taken(told('0', '5')), /on mina:devnet, got .* in MINA on mina:mainnet/);
    assert.deepEqual(accountAt(address), { ...account, known });
  });

test('A10: nothing is paid into an account that the page would not take after that', async () => {
  const secret = newKey();
  const unit = { symbol: 'RUN', decimals: 0 };
  const account = { address: addressOf(secret), terms: '', document: { ...terms, asset: RUN } };
  const known = { committed: 4n, highest: 6n, refused: [] };
  keep({
    ...account,
    terms: fieldHex(termsHash(account.document)),
    seller,
    service: '',
    unit,
    known,
  });
  globalThis.fetch = async () => assert.fail('nobody is asked');
  const hooks = { show: () => undefined, agree: async () => true };
  const at = { service: 'https://service.example', node: 'https://node.example/graphql' };
  await assert.rejects(
    openAccount({ ...at, terms, wallet: unused, amount: 20n, ...hooks }, secret),
    /in MINA on mina:devnet, got one that is kept here in RUN on/,
  );
});

test('A10: a key whose address is kept for an account of other terms opens no second one', async () => {
  const secret = newKey();
  const document = { ...terms, network: 'mina:mainnet' };
  const before = {
    address: addressOf(secret),
    terms: fieldHex(termsHash(document)),
    document,
    seller,
    service: '',
    unit: MINA_UNIT,
    known: { committed: 0n, highest: 0n, refused: [] },
  };
  keep(before);
  globalThis.fetch = async () => assert.fail('nobody is asked');
  const hooks = { show: () => undefined, agree: async () => true };
  const at = { service: 'https://service.example', node: 'https://node.example/graphql' };
  await assert.rejects(
    openAccount({ ...at, terms, wallet: unused, amount: 20n, ...hooks }, secret),
    /of a new account, got that of one of other terms, which is kept here in MINA on mina:mainnet/,
  );
  assert.deepEqual(accountAt(before.address), before);
});

test('A5: an account that was opened for one offer is not named for another: only its own terms leave it', () => {
  const account = { address, terms: fieldHex(termsHash(terms)), document: terms, seller };
  const known = { committed: 0n, highest: 0n, refused: [] };
  keep({ ...account, service: '', unit: MINA_UNIT, known });
  const price = { ...MINA_UNIT, asset: MINA, amount: 5n };
  const of = (exit_delay: number) => ({ ...price, terms: { ...terms, exit_delay } }) as Priced;
  requireNameable(address, of(60));
  assert.throws(
    () => requireNameable(address, of(61)),
    /of the offer’s terms in MINA, got one in MINA of other terms\. Forget it under Accounts/,
  );
  requireNameable(seller, of(61));
});

for (const [name, change, says] of [
  [
    'no account of the seller',
    { seller: null },
    /seller: expected the account B62\S+ to exist, got none/,
  ],
  [
    'an operator who takes nothing',
    {
      operator: {
        publicKey: seller,
        token: MINA,
        permissions: { access: 'None', receive: 'Impossible' },
      },
    },
    /operator.permissions.receive: expected None, got Impossible/,
  ],
  [
    'a node that lags behind',
    { syncStatus: 'CATCHUP' },
    /cannot be used now.*syncStatus SYNCED, got CATCHUP/,
  ],
] as const)
  test(`A1: with ${name}, no account is opened and the wallet is not asked`, async () => {
    globalThis.fetch = async (_url, options) => {
      const { query } = JSON.parse(String(options?.body));
      const payer = { nonce: '0', inferredNonce: '0', balance: { total: '99000000000' } };
      if (query.includes('$key') && !query.includes('nonce'))
        return Response.json({ data: { account: null } });
      if (query.includes('nonce'))
        return Response.json({ data: { ...told('0', '0'), account: payer } });
      return Response.json({ data: { ...told('0', '0'), account: null, ...change } });
    };
    const hooks = { show: () => undefined, agree: async () => true };
    const at = { service: 'https://service.example', node: 'https://node.example/graphql' };
    await assert.rejects(
      openAccount({ ...at, terms, wallet: unused, amount: 5n, ...hooks }, newKey()),
      says,
    );
  });

/** A page's transaction whose answer was lost; its nonce is used up by now. */
const lostAnswer = (kind: Kept['kind']): Kept => ({
  kind,
  account: address,
  service: 'https://service.example',
  terms: fieldHex(termsHash(terms)),
  document: terms,
  amount: '5',
  node: 'https://node.example/graphql',
  command: '{}',
  payer: buyer,
  nonce: 3,
  hash: '',
  at: 0,
});

/** How it stands by a node whose answers to questions about the account are these, the last one again and again. */
function found(kept: Kept, ...accounts: (object | null)[]): Promise<Standing> {
  answering(kept, '9', accounts);
  return standingOf(kept.node, kept);
}

/** In the block of this height, and in none before, the payer's nonce is used; the account's answers are of block 9. */
function answering(kept: Kept, height: string, accounts: (object | null)[]): void {
  const { account: _, ...node } = told('0', '1') as { account: object };
  const bestChain = [{ protocolState: { consensusState: { blockHeight: height } } }];
  globalThis.fetch = async (_url, init) => {
    const asksAccount = String(init?.body).includes('daemonStatus');
    if (!asksAccount)
      return Response.json({
        data: { ...node, bestChain, account: { nonce: `${kept.nonce + 1}` } },
      });
    const account = accounts.at(0);
    if (accounts.length > 1) accounts.shift();
    return Response.json({ data: { ...node, account } });
  };
}

/** The account with so many nanomina. */
const holding = (total: string) => ({
  ...(told('0', '1') as { account: object }).account,
  balance: { total },
});

test('a top-up that a block took before the newest ones is not said to be unpaid', async () => {
  const kept = { ...lostAnswer('topup'), funds: '20' };
  assert.equal((await found(kept, holding('25'))).state, 'included');
  assert.equal((await found(kept, holding('24'))).state, 'gone');
});

test('an opening that a block takes between two questions is not said to be unpaid', async () => {
  const state = async (...accounts: (object | null)[]) =>
    (await found(lostAnswer('open'), ...accounts)).state;
  assert.equal(await state(null, holding('5')), 'included');
  assert.equal(await state(null), 'gone');
});

for (const [kind, before] of [
  ['topup', holding('20')],
  ['open', null],
] as const)
  test(`of two nodes at one address, the one behind does not decide what became of money: ${kind}`, async () => {
    const kept = { ...lostAnswer(kind), funds: '20' };
    answering(kept, '10', [before]);
    await assert.rejects(standingOf(kept.node, kept), /expected block 10 or a later one, got 9/);
  });

test('a key opens no account while another opening with it waits for a block', async () => {
  const secret = newKey();
  keepTransaction({ ...lostAnswer('open'), account: addressOf(secret) });
  globalThis.fetch = async () => assert.fail('nobody is asked');
  const hooks = { show: () => undefined, agree: async () => true };
  const at = { service: 'https://service.example', node: 'https://node.example/graphql' };
  const others = { ...terms, network: 'mina:mainnet' };
  await assert.rejects(
    openAccount({ ...at, terms: others, wallet: unused, amount: 20n, ...hooks }, secret),
    /Another transaction of this account waits for a block/,
  );
});
