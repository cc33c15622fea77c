import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AccountUpdate, Field, Mina, TokenId, UInt64 } from 'o1js';
import { textField } from '../fields.js';
import { ACCOUNT_PERMISSIONS } from '../opening.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { pinnedKeys } from '../verification_keys.js';
import { type Lies, MINA, type Party, World, party } from './world.js';

/** A token that nobody here owns. */
const CREDIT = TokenId.derive(party().address);

let world: World;
before(async () => {
  world = await World.create();
});

async function opened(options = {}): Promise<World> {
  const fresh = await World.create(options);
  await fresh.open();
  return fresh;
}

describe('settling', () => {
  before(async () => {
    world = await opened();
  });

  test('A6: a settlement pays the seller, accrues the share and keeps the root', async () => {
    const seller = world.balance(world.seller);
    await world.settle(4n * MINA, { limit: 5n * MINA });
    const share = (4n * MINA * 250n) / 10_000n;
    const fee = MINA / 10n;
    assert.equal(world.balance(world.seller), seller - fee + 4n * MINA - share);
    assert.equal(world.balance(world.account), 6n * MINA + share);
    const [, , , spent, exitSlot, accrued, root, count] = world.state();
    assert.deepEqual(
      [spent, exitSlot, accrued, count],
      [String(4n * MINA), '0', String(share), '1'],
    );
    assert.notEqual(root, '0');
  });

  const refused: [string, () => Promise<void>, RegExp][] = [
    [
      'A6: a due above the limit',
      () => world.settle(6n * MINA, { limit: 6n * MINA - 1n }),
      /above the limit/,
    ],
    [
      'A6: a due that is already settled',
      () => world.settle(4n * MINA),
      /not above what is already settled/,
    ],
    [
      'A6: a due below what is settled',
      () => world.settle(3n * MINA),
      /not above what is already settled/,
    ],
    [
      'A7: receipts that do not grow',
      () => world.settle(6n * MINA, { count: 1 }),
      /receipts do not grow/,
    ],
    [
      'A8: a count other than the signed one',
      () => world.settle(6n * MINA, { count: 9, signedCount: 2 }),
      /due is not signed/,
    ],
    [
      'A9: a due above the signed one',
      () => world.settle(6n * MINA, { signedDue: 5n * MINA }),
      /due is not signed/,
    ],
    [
      'A9: a due signed by another key',
      () => world.settle(6n * MINA, { oracleKey: world.seller.key }),
      /due is not signed/,
    ],
    [
      "A4: a due signed by other terms' oracle",
      () =>
        world.settle(6n * MINA, {
          oracleKey: world.stranger.key,
          terms: world.terms({ oracle: world.stranger.address }),
        }),
      /terms are not those/,
    ],
    [
      'A4: terms that pay another seller',
      () => world.settle(6n * MINA, { terms: world.terms({ seller: world.stranger.address }) }),
      /terms are not those/,
    ],
    [
      'A3: terms of another ledger',
      () => world.settle(6n * MINA, { terms: world.terms({ ledger: Field(8) }) }),
      /terms are not those/,
    ],
    [
      'A4: vouchers of another account',
      () => world.settle(6n * MINA, { account: party().address }),
      /voucher is not signed/,
    ],
    [
      'A4: vouchers of another network',
      () => world.settle(6n * MINA, { network: textField('mina:mainnet') }),
      /voucher is not signed/,
    ],
    [
      'A4: terms of another network',
      () =>
        world.settle(6n * MINA, {
          terms: world.terms({ network: textField('mina:mainnet') }),
          network: textField('mina:mainnet'),
        }),
      /terms are not those/,
    ],
    [
      'A4: a voucher signed by somebody else',
      () => world.settle(6n * MINA, { voucherKey: world.seller.key }),
      /voucher is not signed/,
    ],
    [
      'A14: a voucher in another asset',
      () => world.settle(6n * MINA, { voucherAsset: CREDIT }),
      /voucher is not signed/,
    ],
    [
      'A14: a voucher in no asset, as calls of price 0 have it',
      () => world.settle(6n * MINA, { voucherAsset: Field(0) }),
      /voucher is not signed/,
    ],
    [
      'A14: a due in another asset',
      () => world.settle(6n * MINA, { dueAsset: CREDIT }),
      /due is not signed/,
    ],
    [
      'A14: terms in another asset',
      () => world.settle(6n * MINA, { terms: world.terms({ asset: CREDIT }), asset: CREDIT }),
      /terms are not those/,
    ],
    [
      "A14: the terms' own list without the asset, as it was signed before",
      () => world.settle(6n * MINA, { withoutAsset: true }),
      /voucher is not signed/,
    ],
    [
      "A4: terms that name an issuer's keys too",
      () => world.settle(6n * MINA, { terms: world.terms({ keys: Field(1) }) }),
      /terms are not those/,
    ],
    [
      'A6: more than the account holds',
      () => world.settle(11n * MINA),
      /Account_balance_precondition_unsatisfied/,
    ],
  ];
  for (const [name, settle, message] of refused) {
    test(`${name}: refused`, async () => {
      const before = world.state();
      await assert.rejects(settle, message);
      assert.deepEqual(world.state(), before);
    });
  }

  test('A6: a settlement proven on an older state fails, and nothing is paid twice', async () => {
    const stale = await Mina.transaction({ sender: world.stranger.address, fee: 1e8 }, () =>
      world.contract.settle(world.terms(), world.voucher(6n * MINA), world.due(6n * MINA)),
    );
    await stale.prove();
    await world.settle(5n * MINA);
    const before = world.balance(world.account);
    await assert.rejects(
      stale.sign([world.stranger.key]).send(),
      /Account_app_state_\d_precondition_unsatisfied|app_state/,
    );
    assert.equal(world.balance(world.account), before);
  });

  test('A6: the updates of an included settlement fail under another fee payer', async () => {
    const { stranger, seller } = world;
    const tx = await Mina.transaction({ sender: seller.address, fee: 1e8 }, () =>
      world.contract.settle(
        world.terms(),
        world.voucher(5n * MINA + 1n),
        world.due(5n * MINA + 1n),
      ),
    );
    await tx.prove();
    await tx.sign([seller.key]).send();
    world.count++;
    const before = world.balance(world.account);
    const replay = Mina.Transaction.fromJSON(tx.toJSON());
    const { feePayer } = replay.transaction;
    feePayer.body.publicKey = stranger.address;
    feePayer.body.nonce = Mina.getAccount(stranger.address).nonce;
    feePayer.lazyAuthorization = { kind: 'lazy-signature' };
    const json = replay.sign([stranger.key]).toJSON();
    assert.throws(
      () => world.chain.applyJsonTransaction(json),
      /Account_app_state_precondition_unsatisfied/,
    );
    assert.equal(world.balance(world.account), before);
  });

  test('A6: dust that arrives between proof and inclusion spoils nothing', async () => {
    const tx = await Mina.transaction({ sender: world.seller.address, fee: 1e8 }, () =>
      world.contract.settle(world.terms(), world.voucher(6n * MINA), world.due(6n * MINA)),
    );
    await tx.prove();
    await world.transfer(world.stranger, world.account, 1n);
    await tx.sign([world.seller.key]).send();
    assert.equal(world.state()[3], String(6n * MINA));
  });

  test('A7: a token account of the same address settles nothing', async () => {
    const token = await openTokenTwin(world);
    await assert.rejects(
      world.settle(8n * MINA, { token }),
      /the account is not in the asset of these terms/,
    );
  });
});

describe('one address in two assets', () => {
  let token: Field;
  before(async () => {
    world = await opened();
    token = TokenId.derive(world.stranger.address);
    await openTokenTwin(world, world.terms({ asset: token }));
  });

  /** Under the token's owner, who must approve whatever moves its token. */
  async function settleToken(due: bigint, lies: Partial<Lies> = {}) {
    const { stranger, account } = world;
    const terms = lies.terms ?? world.terms({ asset: token });
    const voucher = world.voucher(due, { asset: token, ...lies });
    const statement = world.due(due, { asset: token, ...lies });
    await world.send(stranger, [], async () => {
      if (!world.chain.hasAccount(world.seller.address, token))
        AccountUpdate.fundNewAccount(stranger.address);
      const contract = new PrepaidAccount(account.address, token);
      await contract.settle(terms, voucher, statement);
      AccountUpdate.createSigned(stranger.address).approve(contract.self);
    });
  }

  test('A14: vouchers and dues in MINA settle nothing in the token', async () => {
    await assert.rejects(
      settleToken(5n, { voucherAsset: TokenId.default }),
      /voucher is not signed/,
    );
    await assert.rejects(settleToken(5n, { dueAsset: TokenId.default }), /due is not signed/);
  });

  test('A14: the terms of one do not fit the other', async () => {
    await assert.rejects(settleToken(5n, { terms: world.terms() }), /terms are not those/);
    const terms = world.terms({ asset: token });
    await assert.rejects(world.settle(MINA, { terms, asset: token }), /terms are not those/);
  });

  test('A14: a settlement moves the token and no MINA; the twin in MINA stays as it is', async () => {
    const [mina, before] = [world.balance(world.account), world.state()];
    await settleToken(100n);
    const { account, seller } = world;
    const units = (who: Party) => Mina.getBalance(who.address, token).toBigInt();
    assert.deepEqual([units(seller), units(account)], [98n, 10n * MINA - 98n]);
    assert.deepEqual([world.balance(world.account), world.state()], [mina, before]);
    assert.equal(Mina.getAccount(account.address, token).zkapp!.appState[5]!.toString(), '2');
  });

  test('A14: nothing that was signed for the token moves the account in MINA', async () => {
    await assert.rejects(world.settle(MINA, { asset: token }), /voucher is not signed/);
    const exit = world.exitSignature(5, { asset: token });
    await assert.rejects(world.requestExit(5, exit), /exit is not signed/);
    await world.requestExit(5);
    world.chain.setGlobalSlot(25);
    const signature = world.withdrawSignature(1n, { asset: token });
    await assert.rejects(
      world.withdraw(1n, world.stranger, signature),
      /the withdrawal is not signed by the buyer/,
    );
    await world.withdraw(1n);
  });
});

/** The same account once more, in a token that the stranger owns, as an owner may open it. */
async function openTokenTwin(world: World, terms = world.terms()): Promise<Field> {
  const { stranger, account, buyer } = world;
  const token = TokenId.derive(stranger.address);
  const { data, hash } = pinnedKeys().PrepaidAccount;
  await world.send(stranger, [account.key], async () => {
    AccountUpdate.fundNewAccount(stranger.address);
    const owner = AccountUpdate.createSigned(stranger.address);
    const twin = AccountUpdate.create(account.address, token);
    twin.requireSignature();
    twin.body.mayUseToken = AccountUpdate.MayUseToken.ParentsOwnToken;
    twin.balance.addInPlace(UInt64.from(10n * MINA));
    twin.account.verificationKey.set({ data, hash: Field(hash) });
    twin.account.permissions.set(ACCOUNT_PERMISSIONS);
    const state = [terms.hash(), ...buyer.address.toFields()];
    for (let i = 0; i < 8; i++)
      AccountUpdate.setValue(twin.update.appState[i]!, state[i] ?? Field(0));
    owner.approve(twin);
  });
  return token;
}
