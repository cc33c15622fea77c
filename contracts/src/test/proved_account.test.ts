/**
 * The proved account on a local chain, with no proofs: what it takes of a fold, of a voucher and of the seller's consent. What a
 * fold is made of is attacked in `fold_attacks.test.ts` and `fold_program.test.ts`.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AccountUpdate, Field, Mina, type Signature, TokenId, UInt32, UInt64 } from 'o1js';
import { type Terms, textField } from '../fields.js';
import { NOTHING_SETTLED } from '../fold/settled.js';
import { FoldStatement } from '../fold/statement.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { ProvedAccount } from '../proved_account.js';
import { type Lies, MINA, World, party } from './world.js';

const CREDIT = TokenId.derive(party().address);
const MAINNET = textField('mina:mainnet');

let world: World;

/** What a settlement gives, and each thing that an attack puts into its place. */
interface Given {
  terms?: Terms;
  voucher?: Lies;
  limit?: bigint;
  fold?: Partial<FoldStatement>;
  /** Whose signature stands in the place of the seller's consent, and over what. */
  consent?: Parameters<World['consent']>[2] & { after?: Field; total?: bigint };
  signature?: Signature;
  contract?: ProvedAccount;
}

async function settle(due: bigint, given: Given = {}): Promise<void> {
  const terms = given.terms ?? world.terms();
  const fold = await world.fold(due, terms, given.fold);
  const { after, total, ...lies } = given.consent ?? {};
  const consent =
    given.signature ?? world.consent(after ?? fold.publicOutput.after, total ?? due, lies);
  const voucher = world.voucher(given.limit ?? due, given.voucher);
  const contract = given.contract ?? new ProvedAccount(world.account.address);
  await world.send(world.stranger, [], () => contract.settle(terms, voucher, fold, consent));
}

describe('settling on a fold', () => {
  before(async () => {
    world = await World.create({ kind: 'proved' });
    await world.open();
  });

  test('A6: pays the seller, accrues the share, keeps root and count; anyone sends it', async () => {
    const seller = world.balance(world.seller);
    await settle(4n * MINA, { limit: 5n * MINA, fold: { count: UInt32.from(3) } });
    const share = (4n * MINA * 250n) / 10_000n;
    assert.equal(world.balance(world.seller), seller + 4n * MINA - share);
    assert.equal(world.balance(world.account), 6n * MINA + share);
    const [, , , spent, exitSlot, accrued, root, count] = world.state();
    assert.deepEqual(
      [spent, exitSlot, accrued, root, count],
      [`${4n * MINA}`, '0', `${share}`, `${4n * MINA + 1n}`, '3'],
    );
  });

  const before6 = 4n * MINA;
  const refused: [string, () => Promise<void>, RegExp][] = [
    // The fold.
    [
      'a fold of another account',
      () => settle(6n * MINA, { fold: { account: party().address } }),
      /fold is for another account/,
    ],
    [
      "a fold of another buyer's calls",
      () => settle(6n * MINA, { fold: { buyer: party().address } }),
      /fold is for another buyer/,
    ],
    [
      'a fold under other terms',
      () => settle(6n * MINA, { fold: { termsHash: Field(1) } }),
      /fold is for other terms/,
    ],
    [
      'a fold from the beginning, once more',
      () => settle(6n * MINA, { fold: { before: NOTHING_SETTLED } }),
      /does not begin where the account is/,
    ],
    [
      'a fold from a root that never was',
      () => settle(6n * MINA, { fold: { before: Field(9) } }),
      /does not begin where the account is/,
    ],
    [
      'a fold from 0',
      () => settle(6n * MINA, { fold: { before: Field(0) } }),
      /does not begin where the account is/,
    ],
    [
      'a fold of nothing',
      () => settle(6n * MINA, { fold: { amount: UInt64.zero }, consent: { total: before6 } }),
      /not above what is already settled/,
    ],
    [
      'a fold of no calls',
      () => settle(6n * MINA, { fold: { count: UInt32.zero } }),
      /receipts do not grow/,
    ],
    [
      'a fold whose sum passes 64 bits',
      () => settle(6n * MINA, { fold: { amount: UInt64.MAXINT() } }),
      /expected field to fit in 64 bits/,
    ],
    [
      'a fold whose count passes 32 bits',
      () => settle(6n * MINA, { fold: { count: UInt32.MAXINT() } }),
      /expected field to fit in 32 bits/,
    ],
    [
      'a fold of more than the account holds',
      () => settle(11n * MINA),
      /Account_balance_precondition_unsatisfied/,
    ],
    [
      'a fold that costs more than the seller agreed to',
      () => settle(6n * MINA, { fold: { amount: UInt64.from(3n * MINA) } }),
      /not signed by the seller/,
    ],
    // The buyer's voucher.
    [
      'a total above the limit',
      () => settle(6n * MINA, { limit: 6n * MINA - 1n }),
      /above the limit/,
    ],
    [
      'a voucher signed by the seller',
      () => settle(6n * MINA, { voucher: { voucherKey: world.seller.key } }),
      /voucher is not signed/,
    ],
    [
      'a voucher of another account',
      () => settle(6n * MINA, { voucher: { account: party().address } }),
      /voucher is not signed/,
    ],
    [
      'a voucher of another network',
      () => settle(6n * MINA, { voucher: { network: MAINNET } }),
      /voucher is not signed/,
    ],
    [
      'a voucher in another asset',
      () => settle(6n * MINA, { voucher: { voucherAsset: CREDIT } }),
      /voucher is not signed/,
    ],
    [
      'the voucher of a free call',
      () => settle(6n * MINA, { voucher: { voucherAsset: Field(0) } }),
      /voucher is not signed/,
    ],
    [
      'a voucher without its asset',
      () => settle(6n * MINA, { voucher: { withoutAsset: true } }),
      /voucher is not signed/,
    ],
    // The seller's consent.
    [
      'the consent of the operator',
      () => settle(6n * MINA, { consent: { key: world.operator.key } }),
      /not signed by the seller/,
    ],
    [
      'the consent of the buyer',
      () => settle(6n * MINA, { consent: { key: world.buyer.key } }),
      /not signed by the seller/,
    ],
    [
      'the consent of an oracle',
      () => settle(6n * MINA, { consent: { key: world.oracle.key } }),
      /not signed by the seller/,
    ],
    [
      "the account's own key",
      () => settle(6n * MINA, { consent: { key: world.account.key } }),
      /not signed by the seller/,
    ],
    [
      'the consent to another root',
      () => settle(6n * MINA, { consent: { after: Field(3) } }),
      /not signed by the seller/,
    ],
    [
      'the consent to another total',
      () => settle(6n * MINA, { consent: { total: 5n * MINA } }),
      /not signed by the seller/,
    ],
    [
      'the consent for another account',
      () => settle(6n * MINA, { consent: { account: party().address } }),
      /not signed by the seller/,
    ],
    [
      'the consent on another network',
      () => settle(6n * MINA, { consent: { network: MAINNET } }),
      /not signed by the seller/,
    ],
    [
      'the consent in another asset',
      () => settle(6n * MINA, { consent: { asset: CREDIT } }),
      /not signed by the seller/,
    ],
    [
      "the seller's signature over something else",
      () => settle(6n * MINA, { signature: world.closeSignature() }),
      /not signed by the seller/,
    ],
    // The terms.
    [
      'terms that pay another seller',
      () =>
        settle(6n * MINA, {
          terms: world.terms({ seller: world.stranger.address }),
          consent: { key: world.stranger.key },
        }),
      /terms are not those/,
    ],
    [
      'terms of another ledger',
      () => settle(6n * MINA, { terms: world.terms({ ledger: Field(8) }) }),
      /terms are not those/,
    ],
    [
      "terms of another issuer's keys",
      () => settle(6n * MINA, { terms: world.terms({ keys: Field(98) }) }),
      /terms are not those/,
    ],
    [
      'terms of an oracle in the place of the keys',
      () =>
        settle(6n * MINA, { terms: world.terms({ oracle: world.oracle.address, keys: Field(0) }) }),
      /terms are not those/,
    ],
    [
      'terms without the share',
      () => settle(6n * MINA, { terms: world.terms({ operatorShare: UInt32.zero }) }),
      /terms are not those/,
    ],
    [
      'terms of another network',
      () => settle(6n * MINA, { terms: world.terms({ network: MAINNET }) }),
      /terms are not those/,
    ],
    [
      'terms in another asset',
      () => settle(6n * MINA, { terms: world.terms({ asset: CREDIT }) }),
      /terms are not those/,
    ],
  ];
  for (const [name, attack, refusal] of refused)
    test(`A16: ${name}: refused`, async () => {
      const [state, balance] = [world.state(), world.balance(world.account)];
      await assert.rejects(attack, refusal);
      assert.deepEqual([world.state(), world.balance(world.account)], [state, balance]);
    });

  test('A14: an account of the same address in a token is no account of these terms', async () => {
    const token = TokenId.derive(world.stranger.address);
    await assert.rejects(
      settle(6n * MINA, { contract: new ProvedAccount(world.account.address, token) }),
      /not in the asset of these terms|getAccount: Could not find account/,
    );
  });

  test('the same fold twice pays once', async () => {
    const fold = await world.fold(5n * MINA);
    const consent = world.consent(fold.publicOutput.after, 5n * MINA);
    const send = () =>
      world.send(world.stranger, [], () =>
        new ProvedAccount(world.account.address).settle(
          world.terms(),
          world.voucher(9n * MINA),
          fold,
          consent,
        ),
      );
    await send();
    await assert.rejects(send, /does not begin where the account is/);
    assert.equal(world.state()[3], `${5n * MINA}`);
  });

  test('of two folds from one root the chain takes one', async () => {
    const proven = async (due: bigint) => {
      const fold = await world.fold(due);
      const consent = world.consent(fold.publicOutput.after, due);
      const contract = new ProvedAccount(world.account.address);
      const tx = await Mina.transaction({ sender: world.seller.address, fee: 1e8 }, () =>
        contract.settle(world.terms(), world.voucher(9n * MINA), fold, consent),
      );
      await tx.prove();
      return tx;
    };
    const stale = await proven(7n * MINA);
    await settle(6n * MINA);
    const state = world.state();
    await assert.rejects(
      stale.sign([world.seller.key]).send(),
      /Account_app_state_\d_precondition_unsatisfied|app_state/,
    );
    assert.deepEqual(world.state(), state);
  });

  test('A6: dust that arrives between proof and block spoils nothing', async () => {
    const fold = await world.fold(7n * MINA);
    const consent = world.consent(fold.publicOutput.after, 7n * MINA);
    const tx = await Mina.transaction({ sender: world.seller.address, fee: 1e8 }, () =>
      new ProvedAccount(world.account.address).settle(
        world.terms(),
        world.voucher(7n * MINA),
        fold,
        consent,
      ),
    );
    await tx.prove();
    await world.transfer(world.stranger, world.account, 1n);
    await tx.sign([world.seller.key]).send();
    assert.equal(world.state()[3], `${7n * MINA}`);
  });
});

describe('an oracle key in the hands of an attacker', () => {
  before(async () => {
    world = await World.create({ kind: 'proved' });
    await world.open();
  });

  test('moves no coin: the prepaid account settles nothing under these terms', async () => {
    const contract = new PrepaidAccount(world.account.address);
    const due = world.due(5n * MINA);
    await assert.rejects(
      world.send(world.stranger, [], () =>
        contract.settle(world.terms(), world.voucher(5n * MINA), due),
      ),
      // Nobody has a signature of the empty key; with any other oracle beside the keys, the terms refuse.
      /Field.inv: zero|these terms are settled by proofs/,
    );
  });

  test('moves no coin: other terms are not those of the account', async () => {
    const contract = new PrepaidAccount(world.account.address);
    const terms = world.terms({ oracle: world.oracle.address, keys: Field(0) });
    const due = world.due(5n * MINA);
    await assert.rejects(
      world.send(world.stranger, [], () => contract.settle(terms, world.voucher(5n * MINA), due)),
      /the terms are not those of this account/,
    );
    assert.equal(world.balance(world.account), 10n * MINA);
  });
});

describe('an account whose buyer chose its state', () => {
  /** Past `openAccount`: field 6 is the root, 7 the count. */
  async function openedWith(fields: Record<number, Field>): Promise<void> {
    world = await World.create({ kind: 'proved' });
    await world.open({
      change: (update) => {
        for (const [i, value] of Object.entries(fields))
          AccountUpdate.setValue(update.update.appState[Number(i)]!, value);
      },
    });
  }

  test('with a root and no count settles from the beginning all the same', async () => {
    await openedWith({ 6: Field(9) });
    await settle(MINA);
    assert.equal(world.state()[3], `${MINA}`);
  });

  test('with a root and a count settles nothing that the seller proves, so the state is checked (A1)', async () => {
    await openedWith({ 6: Field(9), 7: Field(1) });
    await assert.rejects(
      settle(MINA, { fold: { before: NOTHING_SETTLED } }),
      /does not begin where the account is/,
    );
  });
});
