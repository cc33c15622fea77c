/** Random histories of everybody against a model in plain numbers: MINA and credits are conserved in each step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreditWorld, FEE } from './credits.js';

const SEED = Number(process.env['SEALRUN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = Number(process.env['SEALRUN_STEPS'] ?? 25);
/** Prices and backing that are no whole number of anything. */
const [CAP, BACKING, EXPIRY] = [30n, 300_000_007n, 100];
const PRICES = [777_777_777n, 1n, 1_234_567_891n];

/** Numerical Recipes' generator: the same history for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(`A17: ${STEPS} steps conserve MINA and credits (SEALRUN_SEED=${SEED})`, async () => {
  const random = generator(SEED);
  const world = await CreditWorld.trading(
    { cap: CAP, backing: BACKING, expiry: EXPIRY },
    PRICES[0],
    {
      minted: 20n,
      given: 5n,
      asked: 8n,
    },
  );
  await world.give(world.seller, world.mate.address, 1n);
  const people = { seller: world.seller, buyer: world.buyer, mate: world.mate };
  type Name = keyof typeof people;
  const has = { seller: 6n, buyer: 5n, mate: 1n, ask: 8n };
  const money = Object.fromEntries(
    Object.entries(people).map(([name, who]) => [name, world.mina(who)]),
  ) as Record<Name, bigint>;
  let [minted, price, slot] = [20n, PRICES[0]!, 0];
  const counts = { done: 0, refused: 0 };

  const expect = async (
    sender: Name,
    legal: boolean,
    work: () => Promise<unknown>,
    then: () => void,
  ) => {
    if (!legal) {
      await assert.rejects(work());
      // Refused in a block it costs the fee, and nothing else; refused before, it costs nothing.
      if (world.mina(people[sender]) !== money[sender]) money[sender] -= FEE;
      counts.refused++;
      return;
    }
    await work();
    money[sender] -= FEE;
    then();
    counts.done++;
  };

  for (let step = 0; step < STEPS; step++) {
    const n = BigInt(random(5));
    const name = (['seller', 'buyer', 'mate'] as const)[random(3)]!;
    const other = (['seller', 'buyer', 'mate'] as const)[random(3)]!;
    const [who, to] = [people[name], people[other]];
    switch (random(7)) {
      case 0: {
        const legal = name === 'seller' && n > 0n && minted + n <= CAP && slot < EXPIRY;
        const work = () => world.mint(n, { by: who, to: to.address });
        await expect(name, legal, work, () => {
          minted += n;
          has[other] += n;
          money.seller -= n * BACKING;
        });
        break;
      }
      case 1:
        if (name === other) break;
        await expect(
          name,
          n <= has[name],
          () => world.give(who, to.address, n),
          () => ((has[name] -= n), (has[other] += n)),
        );
        break;
      case 2:
      case 3: {
        const work = () => world.buy(n, n * price, { by: who, to: to.address });
        await expect(name, n > 0n && n <= has.ask, work, () => {
          has.ask -= n;
          has[other] += n;
          money[name] -= n * price;
          money.seller += n * price;
        });
        break;
      }
      case 4: {
        const legal = n > 0n && n <= has[name] && (name === 'seller' || slot >= EXPIRY);
        await expect(
          name,
          legal,
          () => world.redeem(who, n),
          () => {
            has[name] -= n;
            money[name] += n * BACKING;
          },
        );
        break;
      }
      case 5: {
        const next = PRICES[random(3)]!;
        await expect(
          name,
          name === 'seller',
          () => world.reprice(next, who),
          () => (price = next),
        );
        break;
      }
      case 6:
        await expect(
          name,
          name === 'seller' && n > 0n && n <= has.ask,
          () => world.takeBack(n, who),
          () => ((has.ask -= n), (has.seller += n)),
        );
        break;
    }
    if (step === Math.floor(STEPS / 2)) world.chain.setGlobalSlot((slot = EXPIRY));
    const total = has.seller + has.buyer + has.mate + has.ask;
    for (const each of Object.keys(people) as Name[]) {
      assert.equal(world.credits(people[each]), has[each], `step ${step}: ${each}'s credits`);
      assert.equal(world.mina(people[each]), money[each], `step ${step}: ${each}'s MINA`);
    }
    assert.equal(world.credits(world.ask), has.ask, `step ${step}: the ask`);
    assert.equal(world.circulating, total, `step ${step}: what is counted`);
    assert.equal(world.mina(world.vault), total * BACKING, `step ${step}: the vault`);
    assert.equal(world.minted, minted, `step ${step}: minted`);
  }
  assert.ok(counts.done > 0 && counts.refused > 0, JSON.stringify(counts));
});
