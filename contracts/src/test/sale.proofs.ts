/**
 * Once through everything with real proofs: an o1js client and the tools against the local chain, which verifies.
 * A minute or two, 2 GB.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Field, Mina, Signature, TokenId, Types, UInt32, UInt64, fetchAccount } from 'o1js';
import { circuitCache } from '../backend.js';
import { credentialHash, eventToBytes } from '../credential.js';
import { Voucher } from '../deposit_account.js';
import {
  Terms,
  closeFields,
  dueFields,
  exitFields,
  receiptsRoot,
  voucherFields,
  withdrawFields,
} from '../fields.js';
import { Offer } from '../offer.js';
import { openAccount, openOffer } from '../opening.js';
import { Due, PrepaidAccount } from '../prepaid_account.js';
import { pinnedKeys } from '../verification_keys.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { runTool } from './tool_process.js';
import { DEVNET, MINA, type Party, party } from './world.js';

const WAIT = { interval: 200, maxAttempts: 100 };
const CREDENTIAL = new TextEncoder().encode(
  '{"endpoint":"https://calls.example","sealed":"c2VhbGVk"}',
);

const [buyer, seller, operator, oracle, account, offer] = Array.from({ length: 6 }, party) as [
  Party,
  Party,
  Party,
  Party,
  Party,
  Party,
];
const terms = new Terms({
  network: DEVNET,
  asset: TokenId.default,
  ledger: Field(3),
  seller: seller.address,
  operator: operator.address,
  operatorShare: UInt32.from(1000),
  oracle: oracle.address,
  keys: Field(0),
  exitDelay: UInt32.from(10),
});
let chain: RunningChain;

before(async () => {
  chain = await startChain([]);
  Mina.setActiveInstance(Mina.Network({ mina: chain.url, archive: chain.url }));
  for (const { address } of [buyer, seller, operator])
    await chain.post('/faucet', { address: address.toBase58() });
  await PrepaidAccount.compile({ cache: circuitCache() });
  await Offer.compile({ cache: circuitCache() });
});
after(() => chain.stop());

async function prove(sender: Party, body: () => Promise<void>) {
  await fetchAccount({ publicKey: account.address });
  const tx = await Mina.transaction({ sender: sender.address, fee: 1e8 }, body);
  await tx.prove();
  return tx;
}

async function send(sender: Party, body: () => Promise<void>, keys: Party[] = []) {
  const tx = await prove(sender, body);
  const pending = await tx.sign([sender, ...keys].map(({ key }) => key)).send();
  return await pending.wait(WAIT);
}

async function balance({ address }: Party): Promise<bigint> {
  return (await fetchAccount({ publicKey: address })).account!.balance.toBigInt();
}

async function state({ address }: Party): Promise<string[]> {
  return (await fetchAccount({ publicKey: address })).account!.zkapp!.appState.map(String);
}

function voucher(limit: bigint): Voucher {
  const fields = voucherFields(
    DEVNET,
    account.address,
    TokenId.default,
    UInt64.from(limit),
    Field(5),
  );
  return new Voucher({
    limit: UInt64.from(limit),
    callHash: Field(5),
    signature: Signature.create(buyer.key, fields),
  });
}

function due(amount: bigint): Due {
  const [treeRoot, count] = [Field(amount), UInt32.from(amount / MINA)];
  const fields = dueFields(
    DEVNET,
    account.address,
    TokenId.default,
    UInt64.from(amount),
    receiptsRoot(treeRoot, count.value),
  );
  return new Due({
    due: UInt64.from(amount),
    treeRoot,
    count,
    signature: Signature.create(oracle.key, fields),
  });
}

describe('a sale with real proofs', () => {
  test('open and top up: no proof', async () => {
    const verificationKey = pinnedKeys().PrepaidAccount;
    const opening = {
      payer: buyer.address,
      account: account.address,
      buyer: buyer.address,
      terms,
      deposit: UInt64.from(10n * MINA),
      verificationKey,
    };
    await send(buyer, async () => void openAccount(opening), [account]);
    assert.equal(await balance(account), 10n * MINA);
  });

  test('A6: a proof holds for its own transaction only', async () => {
    const contract = new PrepaidAccount(account.address);
    const tx = await prove(seller, () =>
      contract.settle(terms, voucher(2n * MINA), due(2n * MINA)),
    );
    const changes: ((updates: Types.Json.AccountUpdate[]) => void)[] = [
      (updates) => (updates[0]!.body.update.appState[3] = '0'),
      (updates) => (updates[1]!.body.publicKey = operator.address.toBase58()),
      (updates) => (updates[1]!.body.balanceChange.magnitude = '1'),
    ];
    for (const change of changes) {
      const json = JSON.parse(tx.toJSON()) as Types.Json.ZkappCommand;
      change(json.accountUpdates);
      const forged = Mina.Transaction.fromJSON(json);
      forged.transaction.feePayer.lazyAuthorization = { kind: 'lazy-signature' };
      await assert.rejects(
        forged.sign([seller.key]).send(),
        /authorization was not provided or is invalid/,
      );
    }
    await (await tx.sign([seller.key]).send()).wait(WAIT);
    assert.equal((await state(account))[3], String(2n * MINA));
  });

  test('settle with the tool, which compiles and proves for itself', async () => {
    const [{ limit, callHash, signature }, statement] = [voucher(4n * MINA), due(4n * MINA)];
    const request = {
      node: chain.url,
      payer_key: seller.key.toBase58(),
      poll_ms: 200,
      account: account.address.toBase58(),
      terms: {
        network: 'mina:devnet',
        asset: TokenId.toBase58(TokenId.default),
        ledger: '3',
        seller: seller.address.toBase58(),
        operator: operator.address.toBase58(),
        operator_share: 1000,
        oracle: oracle.address.toBase58(),
        exit_delay: 10,
      },
      voucher: {
        limit: limit.toString(),
        call_hash: callHash.toString(),
        signature: signature.toBase58(),
      },
      due: {
        due: statement.due.toString(),
        tree_root: statement.treeRoot.toString(),
        count: 4,
        signature: statement.signature.toBase58(),
      },
    };
    const { result } = await runTool('settle', JSON.stringify(request));
    assert.equal(result.status, 'included', JSON.stringify(result));
    assert.equal((await state(account))[3], String(4n * MINA));
  });

  test('pay the operator, exit, withdraw', async () => {
    const contract = new PrepaidAccount(account.address);
    await send(operator, () => contract.payOperator(terms));
    assert.equal((await state(account))[5], '0');
    const latest = UInt32.from(500);
    const signature = Signature.create(
      buyer.key,
      exitFields(DEVNET, account.address, TokenId.default, latest),
    );
    await send(buyer, () => contract.requestExit(terms, latest, signature));
    await chain.post('/slots', { count: 510 });
    const before = await balance(buyer);
    const amount = UInt64.from(6n * MINA);
    const list = withdrawFields(DEVNET, account.address, TokenId.default, UInt32.from(510), amount);
    await send(buyer, () => contract.withdraw(terms, amount, Signature.create(buyer.key, list)));
    assert.equal(await balance(buyer), before + 6n * MINA - MINA / 10n);
    assert.equal(await balance(account), 0n);
  });

  test('open an offer, read its credential back, close it', async () => {
    const opening = {
      payer: operator.address,
      offer: offer.address,
      offerHash: Field(9),
      terms,
      uri: 'https://offers.example/9.json',
      credential: CREDENTIAL,
      verificationKey: pinnedKeys().Offer,
    };
    await send(operator, async () => void openOffer(opening), [offer]);
    const [event] = await Mina.fetchEvents(offer.address, Field(1));
    const bytes = eventToBytes(event!.events[0]!.data.map((value) => Field(value)));
    assert.equal(credentialHash(bytes).toString(), (await state(offer))[2]);
    const signature = Signature.create(seller.key, closeFields(DEVNET, offer.address));
    await send(operator, () => new Offer(offer.address).close(terms, signature));
    assert.equal((await state(offer))[3], '1');
  });
});
