/** One contract for all assets: a prepaid account in a token of an unmodified FungibleToken, and what must fail. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AccountUpdate, Mina, Permissions, PublicKey, TokenId, Types, UInt64 } from 'o1js';
import { addTokenDeposit, openEmptyAccounts, openTokenAccount } from '../fungible_token.js';
import { ACCOUNT_PERMISSIONS } from '../opening.js';
import { signedBy } from '../new_account.js';
import { pinnedKeys } from '../verification_keys.js';
import { Token, approve } from './fungible.js';
import { MINA, type Party, World, party } from './world.js';

let world: World;
let token: Token;

/** A token of the seller's, of which the buyer has 1,000; seller and operator can be paid in it. */
async function inToken(options = {}): Promise<World> {
  world = await World.create(options);
  world.token = token = await Token.deploy(world.seller, { decimals: 2 });
  await token.mint(world.buyer.address, 1000n);
  await world.send(world.seller, [], () =>
    openEmptyAccounts(token.owner.address, world.seller.address, [
      world.seller.address,
      world.operator.address,
    ]),
  );
  return world;
}

function held(...people: Party[]): bigint[] {
  return people.map(({ address }) => token.balance(address));
}

describe('an account in a token', () => {
  before(async () => {
    await inToken({ share: 1000 });
  });

  test('A1, A15: opens with the code, state and permissions of an account in MINA', async () => {
    const mina = world.balance(world.buyer);
    await world.open({ deposit: 400n });
    const account = Mina.getAccount(world.account.address, token.id);
    assert.equal(account.zkapp?.verificationKey?.hash.toString(), pinnedKeys().PrepaidAccount.hash);
    assert.deepEqual(
      Types.Account.toJSON(account).permissions,
      Types.AccountUpdate.toJSON(withPermissions()).body.update.permissions,
    );
    assert.equal(world.state()[0], world.terms().hash().toString());
    assert.deepEqual(held(world.buyer, world.account), [600n, 400n]);
    assert.equal(world.balance(world.buyer), mina - MINA - MINA / 10n);
    assert.equal(Mina.hasAccount(world.account.address), false);
    assert.equal(token.circulating, 1000n);
  });

  test('a settlement pays the seller in the token, and sets the share aside in it', async () => {
    await world.settle(100n);
    assert.deepEqual(held(world.account, world.seller, world.operator), [310n, 90n, 0n]);
    await world.payOperator(world.stranger);
    assert.deepEqual(held(world.account, world.seller, world.operator), [300n, 90n, 10n]);
  });

  test('anybody who has the token can top it up', async () => {
    await token.give(world.buyer, world.stranger.address, 50n);
    await world.topUp(30n, world.stranger);
    assert.deepEqual(held(world.account, world.stranger), [330n, 20n]);
    await assert.rejects(world.topUp(21n, world.stranger), /Overflow/);
  });

  test('the exit and withdrawals name the token, and pay the buyer in it', async () => {
    await assert.rejects(
      world.requestExit(500, world.exitSignature(500, { asset: TokenId.default })),
      /the exit is not signed by the buyer/,
    );
    await world.requestExit(500);
    await assert.rejects(world.topUp(1n), /Account_app_state/);
    world.chain.setGlobalSlot(600);
    await assert.rejects(
      world.withdraw(
        300n,
        world.stranger,
        world.withdrawSignature(300n, { asset: TokenId.default }),
      ),
      /the withdrawal is not signed by the buyer/,
    );
    await world.withdraw(300n, world.stranger);
    assert.deepEqual(held(world.account, world.buyer), [30n, 850n]);
    assert.equal(token.circulating, 1000n);
  });
});

function withPermissions(): AccountUpdate {
  const update = AccountUpdate.dummy();
  update.account.permissions.set(ACCOUNT_PERMISSIONS);
  return update;
}

describe('what a token account refuses', () => {
  before(async () => {
    await inToken();
    await world.open({ deposit: 400n });
  });

  test('A15: nothing moves without the owner of the token', async () => {
    const contract = world.contract;
    const alone = () =>
      world.send(world.seller, [], () =>
        contract.settle(world.terms(), world.voucher(5n), world.due(5n)),
      );
    await assert.rejects(alone(), /can not use or pass on token permissions/);
    assert.deepEqual(held(world.account, world.seller), [400n, 0n]);
  });

  test("A15: past o1js's own check, the ledger refuses a settlement that the owner did not call", async () => {
    const { seller, contract } = world;
    const tx = await Mina.transaction({ sender: seller.address, fee: 1e8 }, () =>
      contract.settle(world.terms(), world.voucher(5n), world.due(5n)),
    );
    await tx.prove();
    const json = tx.sign([seller.key]).toJSON();
    assert.throws(() => world.chain.applyJsonTransaction(json), /Token_owner_not_caller/);
    assert.deepEqual(held(world.account, seller), [400n, 0n]);
  });

  test("A1: the account's own key neither sends nor burns the deposit, though the token's owner approves", async () => {
    const { account, buyer, stranger } = world;
    const takings = [
      () => token.contract.transfer(account.address, buyer.address, UInt64.one),
      async () => void (await token.contract.burn(account.address, UInt64.one)),
    ];
    const before = [...held(account, buyer), token.circulating];
    for (const taking of takings)
      await assert.rejects(
        world.send(stranger, [account.key], taking),
        /Update_not_permitted_balance/,
      );
    assert.deepEqual([...held(account, buyer), token.circulating], before);
  });

  test('A7: a payee of the terms cannot make itself unpayable in the token', async () => {
    const { seller } = world;
    for (const name of ['receive', 'access'] as const) {
      const shut = async () => {
        const update = signedBy(seller.address, token.id);
        const permissions = { ...Permissions.default(), [name]: Permissions.impossible() };
        update.account.permissions.set(permissions);
        await token.contract.approveAccountUpdate(update);
      };
      await assert.rejects(
        world.send(seller, [], shut),
        /Can't change permissions for access or receive/,
      );
    }
  });

  test('A1: an address that somebody gave tokens before opens no account; another key does', async () => {
    const [taken, free] = [party(), party()];
    await token.give(world.buyer, taken.address, 1n);
    await assert.rejects(
      world.open({ account: taken, deposit: 5n }),
      /Account_is_new_precondition_unsatisfied/,
    );
    assert.equal(Mina.getAccount(taken.address, token.id).zkapp?.verificationKey, undefined);
    await world.open({ account: free, deposit: 5n });
    assert.deepEqual(held(taken, free), [1n, 5n]);
  });

  test('A14: vouchers and dues of the same address in MINA settle nothing here', async () => {
    const mina = TokenId.default;
    await assert.rejects(world.settle(5n, { voucherAsset: mina }), /the voucher is not signed by/);
    await assert.rejects(world.settle(5n, { dueAsset: mina }), /the due is not signed by/);
  });

  test('A15: a paused token moves nothing, and an account in it is settled once it is resumed', async () => {
    await token.pause();
    await assert.rejects(world.settle(5n), /paused/);
    await assert.rejects(world.requestExit(500), /paused/);
    await token.resume();
    await world.settle(5n);
    assert.deepEqual(held(world.account, world.seller), [395n, 5n]);
  });

  test('more than the payer has cannot be deposited, nor less taken from the payer than arrives', async () => {
    await assert.rejects(world.open({ account: party(), deposit: 10_000n }), /Overflow/);
    const generous = async () => {
      const from = signedBy(world.buyer.address, token.id);
      from.balance.subInPlace(1);
      const to = AccountUpdate.create(world.account.address, token.id);
      to.balance.addInPlace(2);
      await token.contract.approveAccountUpdates([from, to]);
    };
    await assert.rejects(world.send(world.buyer, [], generous), /Flash-minting or unbalanced/);
  });

  test('an opening under another token than that of the terms is refused', async () => {
    const owner = world.stranger.address;
    await assert.rejects(
      openTokenAccount({ ...opening(), owner }),
      /another token than this owner has/,
    );
  });

  test('a deposit for an address without an account opens none', async () => {
    const nobody = party().address;
    const add = () => addTokenDeposit(token.owner.address, world.buyer.address, nobody, UInt64.one);
    await assert.rejects(world.send(world.buyer, [], add));
    assert.equal(Mina.hasAccount(nobody, token.id), false);
  });

  test('accounts that the token lets anyone open hold nothing and take what comes', async () => {
    const [first, second] = [party(), party()];
    await world.send(world.stranger, [], () =>
      openEmptyAccounts(token.owner.address, world.stranger.address, [
        first.address,
        second.address,
      ]),
    );
    assert.deepEqual(held(first, second), [0n, 0n]);
    const { permissions } = Mina.getAccount(first.address, token.id);
    assert.deepEqual(permissions.receive, Permissions.none());
    assert.deepEqual(permissions.access, Permissions.none());
  });

  test('A6: tokens that anyone sends between proof and inclusion spoil nothing', async () => {
    const { seller, account, buyer, contract } = world;
    const [deposit, earned] = held(account, seller);
    const tx = await Mina.transaction({ sender: seller.address, fee: 1e8 }, async () => {
      await contract.settle(world.terms(), world.voucher(6n), world.due(6n));
      await approve(token.owner.address, contract);
    });
    await tx.prove();
    await token.give(buyer, account.address, 1n);
    await tx.sign([seller.key]).send();
    world.count++;
    assert.deepEqual(held(account, seller), [deposit!, earned! + 1n]);
  });

  test('A1: terms with an empty key are refused in a token, too', async () => {
    const terms = world.terms({ seller: PublicKey.empty() });
    await assert.rejects(openTokenAccount(opening(terms)), /the seller has an empty key/);
  });

  function opening(terms = world.terms()) {
    return {
      payer: world.buyer.address,
      account: party().address,
      buyer: world.buyer.address,
      terms,
      deposit: UInt64.one,
      verificationKey: pinnedKeys().PrepaidAccount,
      owner: token.owner.address,
    };
  }
});
