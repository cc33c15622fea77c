/** A5 on a chain of blocks: slots that stay empty never take anything off the exit delay. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { Mina, Signature, TokenId, UInt32, UInt64, fetchAccount, fetchLastBlock } from 'o1js';
import { exitFields, withdrawFields } from '../fields.js';
import { openAccount } from '../opening.js';
import { pinnedKeys } from '../verification_keys.js';
import { DEVNET, MINA, type Party, World, party } from './world.js';

const DELAY = 20;
const WAIT = { interval: 100, maxAttempts: 50 };

let chain: RunningChain;
let world: World;

before(async () => {
  world = await World.create({ exitDelay: DELAY });
  chain = await startChain(['--no-proofs']);
  Mina.setActiveInstance({ ...Mina.Network(chain.url), proofsEnabled: false });
  await chain.post('/faucet', { address: world.buyer.address.toBase58() });
});
after(() => chain.stop());

/** Sends as the buyer; the slot of the block that took it. */
async function send(body: () => Promise<void>, keys: Party[] = []): Promise<number> {
  const built = await Mina.transaction({ sender: world.buyer.address, fee: 1e8 }, body);
  // A transaction that is built on a network proves for real; this shell takes the flag of the instance.
  const tx = Mina.Transaction.fromJSON(built.toJSON());
  tx.transaction = built.transaction;
  await tx.prove();
  await (await tx.sign([world.buyer, ...keys].map(({ key }) => key)).send()).wait(WAIT);
  return await slot();
}

async function slot(): Promise<number> {
  return Number((await fetchLastBlock()).globalSlotSinceGenesis.toBigint());
}

async function exitSlot(): Promise<number> {
  const { account } = await fetchAccount({ publicKey: world.account.address });
  return Number(account!.zkapp!.appState[4]!.toBigInt());
}

async function opened(): Promise<void> {
  world.account = party();
  const opening = {
    payer: world.buyer.address,
    account: world.account.address,
    buyer: world.buyer.address,
    terms: world.terms(),
    deposit: UInt64.from(MINA),
    verificationKey: pinnedKeys().PrepaidAccount,
  };
  await send(async () => void openAccount(opening), [world.account]);
}

async function requestExit(latest: number): Promise<number> {
  await fetchAccount({ publicKey: world.account.address });
  const list = exitFields(DEVNET, world.account.address, TokenId.default, UInt32.from(latest));
  const signature = Signature.create(world.buyer.key, list);
  return await send(() =>
    world.contract.requestExit(world.terms(), UInt32.from(latest), signature),
  );
}

async function withdraw(): Promise<number> {
  const [at, amount] = [UInt32.from(await exitSlot()), UInt64.from(1)];
  const list = withdrawFields(DEVNET, world.account.address, TokenId.default, at, amount);
  const signature = Signature.create(world.buyer.key, list);
  return await send(() => world.contract.withdraw(world.terms(), amount, signature));
}

describe('slots without a block', () => {
  for (const empty of [1, 5, 9]) {
    test(`A5: ${empty} before the exit request leave the seller the whole delay`, async () => {
      await opened();
      const latest = (await slot()) + 10;
      await chain.post('/slots', { count: empty, empty: true });
      const taken = await requestExit(latest);
      assert.equal(taken, latest - 9 + empty);
      assert.ok((await exitSlot()) - taken >= DELAY, `${await exitSlot()} ${taken}`);
    });
  }

  test('A5: as many as would shorten the delay make the exit request fail', async () => {
    await opened();
    for (const empty of [10, 1000]) {
      const latest = (await slot()) + 10;
      await chain.post('/slots', { count: empty, empty: true });
      await assert.rejects(requestExit(latest), /Valid_while_precondition_unsatisfied/);
      assert.equal(await exitSlot(), 0);
      await chain.post('/slots', { count: 1 });
    }
  });

  test('A5: before the exit slot they leave the seller a block to settle in', async () => {
    await opened();
    await requestExit((await slot()) + 10);
    const wait = (await exitSlot()) - (await slot());
    await chain.post('/slots', { count: wait - 1 });
    await chain.post('/slots', { count: 1000, empty: true });
    await assert.rejects(withdraw(), /Protocol_state_precondition_unsatisfied/);
    assert.ok((await slot()) >= (await exitSlot()));
    await withdraw();
  });
});
