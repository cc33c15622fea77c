/** The token standard's contract as it is published, with the code that is pinned. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AccountUpdate, Mina, Permissions, TokenId, Types, UInt64 } from 'o1js';
import { newAccount } from '../opening.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { pinnedKeys } from '../verification_keys.js';
import { Token } from './fungible.js';
import { MINA, type Party, World, party } from './world.js';

let world: World;
let token: Token;
before(async () => {
  world = await World.create();
  token = await Token.deploy(world.seller, { decimals: 2, symbol: 'RUN' });
});

describe('an unmodified FungibleToken', () => {
  test('runs the pinned code, and so does its admin', () => {
    const [owner, admin] = [token.owner, token.admin].map((who) => Mina.getAccount(who.address));
    const { FungibleToken, FungibleTokenAdmin } = pinnedKeys();
    assert.equal(owner!.zkapp?.verificationKey?.hash.toString(), FungibleToken.hash);
    assert.equal(admin!.zkapp?.verificationKey?.hash.toString(), FungibleTokenAdmin.hash);
    assert.equal(owner!.tokenSymbol, 'RUN');
    assert.deepEqual(owner!.zkapp?.appState.slice(0, 4).map(String), [
      '2',
      ...token.admin.address.toFields().map(String),
      '0',
    ]);
    const { permissions } = Types.Account.toJSON(owner!);
    assert.equal(permissions.access, 'Proof');
    assert.equal(permissions.setVerificationKey.auth, 'Impossible');
  });

  test('counts what circulates, whoever holds it', async () => {
    await token.mint(world.buyer.address, 500n);
    await token.give(world.buyer, world.stranger.address, 120n);
    assert.equal(token.balance(world.buyer.address), 380n);
    assert.equal(token.balance(world.stranger.address), 120n);
    assert.equal(token.circulating, 500n);
  });

  test('moves nothing while its admin pauses it', async () => {
    await token.pause();
    await assert.rejects(token.give(world.buyer, world.stranger.address, 1n), /paused/);
    await token.resume();
    await token.give(world.buyer, world.stranger.address, 1n);
    assert.equal(token.balance(world.stranger.address), 121n);
  });
});

describe('what succeeds on chain, so that readers must look for it', () => {
  /** The owner's key makes tokens, which nothing but its signature is asked for. */
  async function mintedByKey(owner: Party, to: Party, amount: number) {
    await world.send(world.seller, [owner.key], async () => {
      AccountUpdate.fundNewAccount(world.seller.address);
      const update = AccountUpdate.createSigned(owner.address);
      const minted = AccountUpdate.create(to.address, TokenId.derive(owner.address));
      minted.balance.addInPlace(amount);
      update.approve(minted);
    });
  }

  test('A15: tokens that were minted before the code was there are in no count, and are spent like any other', async () => {
    const hider = world.stranger;
    const before = async (owner: Party) => {
      world.chain.addAccount(owner.address, MINA.toString());
      await mintedByKey(owner, hider, 7);
    };
    const odd = await Token.deploy(world.seller, { before });
    await odd.mint(world.buyer.address, 3n);
    assert.equal(odd.circulating, 3n);
    await odd.give(hider, world.operator.address, 7n);
    const holders = [world.buyer, world.operator, hider].map(({ address }) => odd.balance(address));
    assert.deepEqual(holders, [3n, 7n, 0n]);
  });

  test('A15: with access by proof or signature, the key makes tokens beside the code', async () => {
    const odd = await Token.deploy(world.seller);
    await assert.rejects(mintedByKey(odd.owner, party(), 7), /access|Update_not_permitted/);
    const loose = await Token.deploy(world.seller, {
      access: Permissions.proofOrSignature(),
    });
    const friend = party();
    await mintedByKey(loose.owner, friend, 7);
    assert.equal(loose.balance(friend.address), 7n);
    assert.equal(loose.circulating, 0n);
  });

  test('A15: under an owner without code anybody makes tokens, and an account settles in them', async () => {
    const owner = party();
    world.chain.addAccount(owner.address, MINA.toString());
    const asset = TokenId.derive(owner.address);
    const terms = world.terms({ asset });
    const { buyer, seller, account } = world;
    await world.send(buyer, [account.key], async () => {
      AccountUpdate.fundNewAccount(buyer.address);
      const opening = newAccount({
        payer: buyer.address,
        account: account.address,
        buyer: buyer.address,
        terms,
        deposit: UInt64.from(1000),
        verificationKey: pinnedKeys().PrepaidAccount,
      });
      AccountUpdate.create(owner.address).approve(opening);
    });
    await world.send(seller, [], async () => {
      AccountUpdate.fundNewAccount(seller.address);
      const contract = new PrepaidAccount(account.address, asset);
      await contract.settle(terms, world.voucher(5n, { asset }), world.due(5n, { asset }));
      AccountUpdate.create(owner.address).approve(contract.self);
    });
    assert.deepEqual([world.balance(account, asset), world.balance(seller, asset)], [995n, 5n]);
  });

  test("A15: a key's own permissions on the owner are out of reach behind access by proof", async () => {
    const odd = await Token.deploy(world.seller);
    const rename = world.send(world.seller, [odd.owner.key], async () => {
      const update = AccountUpdate.createSigned(odd.owner.address);
      update.account.tokenSymbol.set('GOLD');
    });
    await assert.rejects(rename, /access|Update_not_permitted/);
    assert.equal(Mina.getAccount(odd.owner.address).tokenSymbol, 'RUN');
  });
});
