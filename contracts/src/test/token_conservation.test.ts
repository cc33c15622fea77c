/**
 * No asset is made or lost: a random history of one account in a token, step by step beside a model of who has what.
 * `SEED` and `STEPS` repeat or lengthen it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mina } from 'o1js';
import { openEmptyAccounts } from '../fungible_token.js';
import { Token } from './fungible.js';
import { MINA, World } from './world.js';

const SEED = Number(process.env['SEED'] ?? 1);
const STEPS = Number(process.env['STEPS'] ?? 8);
const SHARE = 1700;
const PEOPLE = ['buyer', 'seller', 'operator', 'stranger', 'account'] as const;
type Who = (typeof PEOPLE)[number];

/** Numbers that the seed repeats: mulberry32. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What is in whose account, as arithmetic of the contract's own rules. */
class Model {
  held: Record<Who, bigint> = { buyer: 0n, seller: 0n, operator: 0n, stranger: 0n, account: 0n };
  spent = 0n;
  accrued = 0n;
  exit = false;
  fees = 0n;

  share(total: bigint): bigint {
    return (total * BigInt(SHARE)) / 10_000n;
  }

  move(from: Who, to: Who, amount: bigint): void {
    this.held[from] -= amount;
    this.held[to] += amount;
  }
}

test(`what goes in comes out, in both assets, in random histories (SEED=${SEED})`, async () => {
  const pick = numbers(SEED);
  const world = await World.create({ share: SHARE });
  const token = (world.token = await Token.deploy(world.seller));
  await token.mint(world.buyer.address, 10_000n);
  const payees = [world.seller, world.operator, world.stranger].map(({ address }) => address);
  const { seller } = world;
  await world.send(seller, [], () =>
    openEmptyAccounts(token.owner.address, seller.address, payees),
  );
  await world.open({ deposit: 500n });
  const model = new Model();
  model.held.buyer = 9_500n;
  model.held.account = 500n;
  const before = mina(world);

  for (let step = 0; step < STEPS; step++) {
    const done = await oneStep(world, token, model, pick);
    const told = `step ${step}: ${done}`;
    for (const who of PEOPLE)
      assert.equal(token.balance(world[who].address), model.held[who], `${told}: ${who}`);
    const sum = PEOPLE.reduce((total, who) => total + model.held[who], 0n);
    assert.equal(token.circulating, sum, told);
    assert.equal(mina(world), before - model.fees, `${told}: MINA`);
    const state = world.state();
    assert.deepEqual(
      [state[3], state[5]],
      [String(model.spent), String(model.accrued)],
      `${told}: spent and accrued`,
    );
    assert.ok(model.held.account >= model.accrued, told);
  }
});

/** Sends one thing that may fail, and says what it was. */
async function oneStep(world: World, token: Token, model: Model, pick: (below: number) => number) {
  const steps: [string, () => Promise<void>][] = [
    ['settle', () => settle(world, model, BigInt(1 + pick(400)))],
    ['settle', () => settle(world, model, BigInt(1 + pick(40)))],
    ['pay the operator', () => payOperator(world, model)],
    ['top up', () => topUp(world, model, BigInt(1 + pick(300)))],
    ['mint', () => mint(world, token, model, BigInt(1 + pick(100)))],
    ['give', () => give(world, token, model, BigInt(1 + pick(100)))],
    ['leave', () => leave(world, model)],
    ['withdraw', () => withdraw(world, model, BigInt(1 + pick(300)))],
  ];
  const [name, run] = steps[pick(steps.length)]!;
  try {
    await run();
    model.fees += MINA / 10n;
    return name;
  } catch (error) {
    if (error instanceof assert.AssertionError || error instanceof RangeError) throw error;
    // A transaction that was included and failed has paid its fee; one that could not be built has not.
    if (/Transaction failed/.test(String(error))) model.fees += feeOf(String(error));
    return `${name}, refused`;
  }
}

function feeOf(error: string): bigint {
  return /Overflow|precondition|Cancelled/.test(error) ? MINA / 10n : 0n;
}

async function settle(world: World, model: Model, more: bigint): Promise<void> {
  const due = model.spent + more;
  await world.settle(due);
  const share = model.share(due) - model.share(model.spent);
  model.move('account', 'seller', more - share);
  model.accrued += share;
  model.spent = due;
}

async function payOperator(world: World, model: Model): Promise<void> {
  await world.payOperator();
  model.move('account', 'operator', model.accrued);
  model.accrued = 0n;
}

async function topUp(world: World, model: Model, amount: bigint): Promise<void> {
  await world.topUp(amount);
  model.move('buyer', 'account', amount);
}

async function mint(world: World, token: Token, model: Model, amount: bigint): Promise<void> {
  await token.mint(world.buyer.address, amount);
  model.held.buyer += amount;
}

async function give(world: World, token: Token, model: Model, amount: bigint): Promise<void> {
  await token.give(world.buyer, world.stranger.address, amount);
  model.move('buyer', 'stranger', amount);
}

async function leave(world: World, model: Model): Promise<void> {
  const slot = Number(Mina.getNetworkState().globalSlotSinceGenesis.toBigint());
  await world.requestExit(slot + 5);
  model.exit = true;
}

async function withdraw(world: World, model: Model, amount: bigint): Promise<void> {
  const slot = Number(world.state()[4]);
  if (model.exit) world.chain.setGlobalSlot(slot + 1);
  await world.withdraw(amount);
  model.move('account', 'buyer', amount);
}

function mina(world: World): bigint {
  return (['buyer', 'seller', 'operator', 'stranger'] as const).reduce(
    (sum, who) => sum + world.balance(world[who]),
    0n,
  );
}
