/** The token standard's contract as it is published, with the code that is pinned. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Mina, Types } from 'o1js';
import { pinnedKeys } from '../verification_keys.js';
import { Token } from './fungible.js';
import { World } from './world.js';

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
