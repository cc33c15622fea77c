/** Boards and listings: made once, by anybody, with signatures alone; then nothing of either ever changes. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  AccountUpdate,
  Bool,
  Field,
  Permissions,
  type PublicKey,
  Signature,
  TokenId,
  Types,
  UInt64,
} from 'o1js';
import { createHash } from 'node:crypto';
import { type Listing, list, listingState, openBoard } from '../board.js';
import { payFrom } from '../new_account.js';
import { listFields } from '../fields.js';
import { ACCOUNT_CREATION_FEE, TRANSACTION_VERSION } from '../protocol.js';
import { signsAll } from '../seller_signature.js';
import { CHANGES, assertRefused } from './attacks.js';
import { DEVNET, MINA, type Party, World, party } from './world.js';

const NEVER = /Update_not_permitted_|because permission for this field is/;
const HASH = Field(11);
const URL = `https://ci.example/offers/${'b'.padStart(64, '0')}`;
const [board, listing] = [party(), party()];
const tokenId = TokenId.derive(board.address);
let world: World;

before(async () => {
  world = await World.create();
  await world.send(world.seller, [board.key], async () =>
    openBoard(world.seller.address, board.address),
  );
});

function signed(
  changes: Partial<Listing> & { network?: Field; key?: Party; over?: string } = {},
): Listing {
  const { network = DEVNET, key = world.seller, over, ...more } = changes;
  const what = {
    board: board.address,
    offer: world.offer.address,
    offerHash: HASH,
    url: URL,
    ...more,
  };
  const digest = createHash('sha256')
    .update(over ?? what.url)
    .digest();
  const fields = listFields(network, board.address, what.offer, HASH, digest);
  return { seller: world.seller.address, signature: Signature.create(key.key, fields), ...what };
}

async function listed(what = signed(), at = listing, payer = world.seller): Promise<void> {
  await world.send(payer, [at.key], async () => list(payer.address, at.address, DEVNET, what));
}

function permissions(address: PublicKey, id?: Field): Record<string, unknown> {
  return Types.Account.toJSON(world.chain.getAccount(address, id)).permissions;
}

describe('a board', () => {
  test('A18: leaves exactly the properties that readers ask for', () => {
    const { access, setVerificationKey, ...never } = permissions(board.address);
    assert.equal(access, 'None');
    assert.deepEqual(setVerificationKey, { auth: 'Impossible', txnVersion: TRANSACTION_VERSION });
    assert.deepEqual(new Set(Object.values(never)), new Set(['Impossible']));
    assert.equal(world.chain.getAccount(board.address).zkapp?.verificationKey, undefined);
  });
  test('is opened once', () =>
    assert.rejects(
      world.send(world.seller, [board.key], async () =>
        openBoard(world.seller.address, board.address),
      ),
      NEVER,
    ));
  for (const [name, change] of Object.entries(CHANGES)) {
    test(`A18: its own key cannot change it: ${name}`, () => assertRefused(world, board, change));
  }
});

describe('a listing', () => {
  test('A18: is made by anybody with the signature, and says all that readers need', async () => {
    const [before, what] = [world.balance(world.stranger), signed()];
    await listed(what, listing, world.stranger);
    const account = world.chain.getAccount(listing.address, tokenId);
    assert.deepEqual(account.zkapp!.appState.map(String), listingState(what).map(String));
    assert.equal(account.zkapp!.zkappUri, URL);
    const { setVerificationKey, ...never } = permissions(listing.address, tokenId);
    assert.deepEqual(setVerificationKey, { auth: 'Impossible', txnVersion: TRANSACTION_VERSION });
    assert.deepEqual(new Set(Object.values(never)), new Set(['Impossible']));
    assert.equal(before - world.balance(world.stranger), ACCOUNT_CREATION_FEE + MINA / 10n);
  });
  test('is made once', () => assert.rejects(listed(), NEVER));
  test('A18: nothing of it can be changed, by its key or by anybody', async () => {
    const before = JSON.stringify(
      Types.Account.toJSON(world.chain.getAccount(listing.address, tokenId)),
    );
    const changes: typeof CHANGES = { ...CHANGES, nothing: () => {} };
    for (const [name, change] of Object.entries(changes)) {
      if (name === 'payment') continue;
      for (const signs of [true, false]) {
        const work = world.send(world.stranger, [listing.key], async () => {
          const owner = AccountUpdate.create(board.address);
          const update = AccountUpdate.create(listing.address, tokenId);
          if (signs) signsAll(update).requireSignature();
          signsAll(update);
          change(update, world.stranger);
          owner.approve(update);
          update.body.mayUseToken = AccountUpdate.MayUseToken.ParentsOwnToken;
        });
        await assert.rejects(work, NEVER, name);
      }
    }
    const after = JSON.stringify(
      Types.Account.toJSON(world.chain.getAccount(listing.address, tokenId)),
    );
    assert.equal(after, before);
  });
  test('A18: what no reader would show is not sent', async () => {
    const [other, refused] = [
      party(),
      (what: Listing, why: RegExp) => assert.rejects(listed(what, party()), why),
    ];
    const not = /the signature is not the seller's/;
    await refused(signed({ key: world.stranger }), not);
    await refused(signed({ network: Field(1) }), not);
    await refused(signed({ over: URL.replace('ci', 'evil') }), not);
    await refused({ ...signed(), board: other.address }, not);
    await refused({ ...signed(), offer: other.address }, not);
    await refused({ ...signed(), offerHash: Field(12) }, /the url: expected/);
    await refused(signed({ url: 'https://ci.example/offers/11' }), /the url: expected/);
    await refused(
      signed({ url: `https://${'a'.repeat(200)}/offers/${URL.slice(-64)}` }),
      /the url/,
    );
    await assert.rejects(listed(signed(), world.seller), /cannot pay for its own opening/);
  });
  test('an account of any form lies on a board as well: readers tell them apart', async () => {
    const loose = party();
    await world.send(world.stranger, [loose.key], async () => {
      payFrom(world.stranger.address, ACCOUNT_CREATION_FEE);
      const owner = AccountUpdate.create(board.address);
      const update = AccountUpdate.create(loose.address, tokenId);
      update.requireSignature();
      signsAll(update);
      update.account.permissions.set(Permissions.default());
      listingState(signed()).forEach((field, i) =>
        AccountUpdate.setValue(update.update.appState[i]!, field),
      );
      update.balance.addInPlace(UInt64.from(7));
      update.account.isNew.requireEquals(Bool(true));
      owner.approve(update);
      update.body.mayUseToken = AccountUpdate.MayUseToken.ParentsOwnToken;
    });
    assert.equal(world.balance(loose, tokenId), 7n);
  });
});
