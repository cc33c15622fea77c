/** Asks: what is refused, and that each attack fails for its own reason. */
import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import { AccountUpdate, Field, Mina, Permissions, PublicKey, TokenId, Types, UInt64 } from 'o1js';
import { Ask } from '../ask.js';
import { ASK_PERMISSIONS, openAsk } from '../credit_opening.js';
import { payFrom } from '../new_account.js';
import { useCreditVault } from '../credit_vault.js';
import { TRANSACTION_VERSION } from '../protocol.js';
import { signsAll } from '../seller_signature.js';
import { pinnedKeys } from '../verification_keys.js';
import { CHANGES } from './attacks.js';
import { CreditWorld, FEE } from './credits.js';
import { Token } from './fungible.js';
import { MINA, type Party, party } from './world.js';

const UNSIGNED = /Check signature: Invalid signature/;
/** The same, of an account whose nonce would be used. */
const NOT_SIGNED = /the required authorization was not provided or is invalid/;
const UNPAID = /Invalid_fee_excess/;
const TOO_MUCH = /fit in 64 bits|Expected a value between \(-2\^64, 2\^64\)/;
/** No whole number of anything, so that a rounding would show. */
const PRICE = 777_777_777n;

let world: CreditWorld;
const refused = (work: Promise<unknown>, why: RegExp) => assert.rejects(work, why);

before(async () => {
  world = await CreditWorld.trading({}, PRICE);
});
afterEach(() => {
  const holders = [world.seller, world.buyer, world.mate, world.stranger, world.ask];
  const sum = holders.reduce((total, who) => total + world.credits(who), 0n);
  assert.equal(sum, world.circulating);
});

describe('opening', () => {
  test('A17: leaves exactly the properties that buyers ask for', () => {
    const account = Mina.getAccount(world.ask.address, world.tokenId);
    const { setVerificationKey, ...others } = Types.Account.toJSON(account).permissions;
    assert.deepEqual(setVerificationKey, { auth: 'Impossible', txnVersion: TRANSACTION_VERSION });
    const { editState, send, receive, access, ...never } = others;
    assert.deepEqual([editState, send, receive, access], ['Proof', 'Proof', 'None', 'None']);
    assert.deepEqual(new Set(Object.values(never)), new Set(['Impossible']));
    const state = [...world.seller.address.toFields(), PRICE, 0, 0, 0, 0, 0].map(String);
    assert.deepEqual(account.zkapp!.appState.map(String), state);
    assert.equal(account.zkapp!.verificationKey?.hash.toString(), pinnedKeys().Ask.hash);
    assert.equal(account.balance.toBigInt(), 30n);
  });
  test('the same key a second time is refused', () =>
    refused(world.openAsk(1n, PRICE), /because permission for this field is 'Impossible'/));
  test("of more than one has, or of another's credits, is refused", async () => {
    await refused(world.openAsk(11n, PRICE, { ask: party() }), /Overflow/);
    const thief = { ...world.stranger, address: world.buyer.address };
    const opening = opened(thief, party());
    await refused(world.send(world.stranger, [opening.key], opening.body), NOT_SIGNED);
  });
  test('a price of 0, nothing for sale, more money than 64 bits hold, and one key twice are refused', async () => {
    const cases: [Partial<Parameters<typeof openAsk>[0]>, RegExp][] = [
      [{ price: UInt64.zero }, /the price is 0/],
      [{ amount: UInt64.zero }, /nothing is for sale/],
      [{ price: UInt64.MAXINT(), amount: UInt64.from(2) }, /expected less than 2\^64 nanomina/],
      [{ ask: world.seller.address }, /the seller and the ask have the same key/],
    ];
    for (const [changes, why] of cases) {
      const { key, body } = opened(world.seller, party(), changes);
      await refused(world.send(world.seller, [key], body), why);
    }
  });
  test("permissions that shut out buyers are not approved by the token's owner", async () => {
    for (const name of ['access', 'receive'] as const) {
      const fake = party();
      const permissions = { ...ASK_PERMISSIONS, [name]: Permissions.proof() };
      await refused(openFake(fake, permissions), /Can't change permissions for access or receive/);
    }
  });

  function opened(seller: Party, ask: Party, changes: Partial<Parameters<typeof openAsk>[0]> = {}) {
    const opening = {
      seller: seller.address,
      ask: ask.address,
      token: world.token.address,
      amount: UInt64.from(1),
      price: UInt64.from(PRICE),
      verificationKey: pinnedKeys().Ask,
      ...changes,
    };
    return { key: ask.key, body: () => openAsk(opening) };
  }
});

describe('buying', () => {
  test('pays the seller to the nanomina, for any whole amount', async () => {
    for (const amount of [1n, 3n]) {
      const before = [
        world.mina(world.seller),
        world.mina(world.buyer),
        world.credits(world.buyer),
      ];
      await world.buy(amount, amount * PRICE);
      const now = [world.mina(world.seller), world.mina(world.buyer), world.credits(world.buyer)];
      const moved = now.map((value, i) => value - before[i]!);
      assert.deepEqual(moved, [amount * PRICE, -amount * PRICE - FEE, amount]);
    }
  });
  for (const [name, paid] of [
    ['nothing', 0n],
    ['the price of one for two', PRICE],
    ['a nanomina too little', 2n * PRICE - 1n],
    ['a nanomina too much', 2n * PRICE + 1n],
  ] as const)
    test(`${name} is refused`, () => refused(world.buy(2n, paid), UNPAID));
  test('none is refused', () => refused(world.buy(0n, 0n), /nothing is bought/));
  test('more than there is is refused', () => refused(world.buy(27n, 27n * PRICE), /Overflow/));
  test('2^64 - 1 credits do not wrap around', () =>
    refused(world.buy(2n ** 64n - 1n, 0n), TOO_MUCH));
  test('for the empty key is refused', () =>
    refused(world.buy(1n, PRICE, { to: PublicKey.empty() }), /the receiver has an empty key/));
  test('into the account that counts is refused', () =>
    refused(world.buy(1n, PRICE, { to: world.token.address }), /circulation account/));
  test('into the ask itself makes no credits', async () => {
    const before = world.credits(world.ask);
    await world.buy(1n, PRICE, { to: world.ask.address });
    assert.equal(world.credits(world.ask), before);
  });
  test("without the approval of the token's owner is refused", () =>
    refused(
      world.send(world.buyer, [], async () => {
        payFrom(world.buyer.address, PRICE);
        await world.askContract.buy(UInt64.from(1), world.buyer.address);
      }),
      /Top-level account update can not use or pass on token permissions/,
    ));
  test("A17: past o1js's own check, the ledger refuses what the token's owner did not call", async () => {
    const tx = await world.prepared(world.buyer, async () => {
      payFrom(world.buyer.address, PRICE);
      await world.askContract.buy(UInt64.from(1), world.buyer.address);
    });
    const json = tx.sign([world.buyer.key]).toJSON();
    assert.throws(() => world.chain.applyJsonTransaction(json), /Token_owner_not_caller/);
  });
  test("the buyer's money is nobody else's to spend", () =>
    refused(
      world.send(world.stranger, [], async () => {
        payFrom(world.buyer.address, PRICE);
        const ask = world.askContract;
        await ask.buy(UInt64.from(1), world.buyer.address);
        await world.tokenContract.approveAccountUpdate(ask.self);
      }),
      NOT_SIGNED,
    ));
  test('two purchases in one transaction are both paid', async () => {
    const before = [world.mina(world.seller), world.credits(world.mate)] as const;
    const both = (paid: bigint) =>
      world.send(world.mate, [], async () => {
        world.pay(world.mate, paid, world.mate.address);
        const [a, b] = [world.askContract, world.askContract];
        await a.buy(UInt64.from(1), world.mate.address);
        await b.buy(UInt64.from(2), world.mate.address);
        await world.tokenContract.approveAccountUpdates([a.self, b.self]);
      });
    await refused(both(PRICE), UNPAID);
    await both(3n * PRICE);
    const now = [world.mina(world.seller), world.credits(world.mate)] as const;
    assert.deepEqual([now[0] - before[0], now[1] - before[1]], [3n * PRICE, 3n]);
  });
  for (const [name, price] of [
    ['raised', 2n * PRICE],
    ['lowered', PRICE / 2n],
  ] as const)
    test(`a price that is ${name} meanwhile is not paid, and costs the buyer its fee alone`, async () => {
      const tx = await world.prepared(world.buyer, buying(1n, PRICE));
      await world.reprice(price);
      const before = [world.mina(world.seller), world.credits(world.buyer)];
      await refused(
        tx.sign([world.buyer.key]).send(),
        /Account_app_state_precondition_unsatisfied/,
      );
      assert.deepEqual([world.mina(world.seller), world.credits(world.buyer)], before);
      await world.reprice(PRICE);
    });
  test('what another buyer or the seller takes first is not paid', async () => {
    const left = world.credits(world.ask);
    const tx = await world.prepared(world.buyer, buying(left, left * PRICE));
    await world.takeBack(1n);
    const before = world.mina(world.seller);
    await refused(tx.sign([world.buyer.key]).send(), /Overflow/);
    assert.equal(world.mina(world.seller), before);
  });
  test('a purchase counts once', async () => {
    const tx = await world.prepared(world.buyer, buying(1n, PRICE));
    await tx.sign([world.buyer.key]).send();
    assert.throws(() => world.chain.applyJsonTransaction(tx.toJSON()), /nonce/i);
  });
  test('who gets what is bought is signed', async () => {
    const tx = await world.prepared(world.buyer, buying(1n, PRICE));
    const json = JSON.parse(tx.sign([world.buyer.key]).toJSON()) as Types.Json.ZkappCommand;
    const token = TokenId.toBase58(world.tokenId);
    const got = json.accountUpdates.find(
      ({ body }) => body.tokenId === token && body.publicKey === world.buyer.address.toBase58(),
    );
    got!.body.publicKey = world.mate.address.toBase58();
    assert.throws(() => world.chain.applyJsonTransaction(JSON.stringify(json)), /signature/i);
  });

  function buying(amount: bigint, paid: bigint) {
    return async () => {
      payFrom(world.buyer.address, paid);
      const ask = world.askContract;
      await ask.buy(UInt64.from(amount), world.buyer.address);
      await world.tokenContract.approveAccountUpdate(ask.self);
    };
  }
});

describe('the seller', () => {
  test('alone sets the price and takes back', async () => {
    for (const thief of [world.stranger, world.buyer]) {
      await refused(world.reprice(1n, thief), UNSIGNED);
      await refused(world.takeBack(1n, thief), UNSIGNED);
    }
  });
  test('sets no price of 0, and takes back neither none nor more than there is', async () => {
    await refused(world.reprice(0n), /the price is 0/);
    await refused(world.takeBack(0n), /nothing is taken back/);
    await refused(world.takeBack(world.credits(world.ask) + 1n), /Overflow/);
  });
  test('signs a price once', async () => {
    const tx = await world.prepared(world.seller, async () => {
      const ask = world.askContract;
      await ask.reprice(UInt64.from(5));
      await world.tokenContract.approveAccountUpdate(ask.self);
    });
    await tx.sign([world.seller.key]).send();
    await world.reprice(PRICE);
    assert.throws(() => world.chain.applyJsonTransaction(tx.toJSON()), /nonce/i);
  });
  test('may have another pay the fee, who gets nothing', async () => {
    const before = [world.credits(world.seller), world.credits(world.stranger)];
    await world.send(world.stranger, [world.seller.key], async () => {
      const ask = world.askContract;
      await ask.takeBack(UInt64.from(1));
      await world.tokenContract.approveAccountUpdate(ask.self);
    });
    const now = [world.credits(world.seller), world.credits(world.stranger)];
    assert.deepEqual(now, [before[0]! + 1n, before[1]]);
  });
});

describe('the key of an ask', () => {
  const { state, permissions, timing, payment } = CHANGES;
  const changes = {
    state,
    permissions,
    timing,
    payment,
    'verification key': CHANGES['verification key'],
  };
  for (const [name, change] of Object.entries(changes))
    test(`changes nothing, even with the token owner's approval: ${name}`, async () => {
      const before = JSON.stringify(Mina.getAccount(world.ask.address, world.tokenId));
      const attack = async () => {
        const update = signsAll(AccountUpdate.createSigned(world.ask.address, world.tokenId));
        if (name === 'payment') update.balance.subInPlace(UInt64.from(1));
        else change!(update, world.stranger);
        const taken = AccountUpdate.create(world.buyer.address, world.tokenId);
        if (name === 'payment') taken.balance.addInPlace(UInt64.from(1));
        await world.tokenContract.approveAccountUpdates([update, taken]);
      };
      await refused(
        world.send(world.stranger, [world.ask.key], attack),
        /because permission for this field is|Update_not_permitted_|Can't change permissions/,
      );
      assert.equal(JSON.stringify(Mina.getAccount(world.ask.address, world.tokenId)), before);
    });
});

describe('fakes', () => {
  test('an ask in MINA sells nothing', async () => {
    const fake = party();
    await world.send(world.stranger, [fake.key], async () => {
      payFrom(world.stranger.address, 2n * MINA);
      const update = signsAll(AccountUpdate.createSigned(fake.address));
      dress(update, ASK_PERMISSIONS);
      update.balance.addInPlace(UInt64.from(MINA));
    });
    await refused(
      world.send(world.buyer, [], () =>
        new Ask(fake.address).buy(UInt64.from(1), world.buyer.address),
      ),
      /MINA is not for sale here/,
    );
  });
  test("A17: an ask in another's token, under the owner of these credits, sells neither", async () => {
    const { stranger, buyer } = world;
    const [other, fake] = [await Token.deploy(stranger), party()];
    await other.mint(stranger.address, 5n);
    useCreditVault();
    await world.send(stranger, [fake.key], () =>
      openAsk({
        seller: stranger.address,
        ask: fake.address,
        token: other.owner.address,
        amount: UInt64.from(5),
        price: UInt64.one,
        verificationKey: pinnedKeys().Ask,
      }),
    );
    const before = [world.credits(buyer), world.mina(buyer) - FEE, world.mina(stranger)];
    const bought = world.send(buyer, [], async () => {
      payFrom(buyer.address, 1n + MINA);
      const ask = new Ask(fake.address, other.id);
      await ask.buy(UInt64.one, buyer.address);
      await world.tokenContract.approveAccountUpdate(ask.self);
    });
    await refused(bought, /Token_owner_not_caller/);
    assert.deepEqual([world.credits(buyer), world.mina(buyer), world.mina(stranger)], before);
    assert.equal(other.balance(fake.address), 5n);
  });
  test('an ask whose key may change it looks the same in code and state: its permissions tell', async () => {
    const fake = party();
    await openFake(fake, { ...ASK_PERMISSIONS, editState: Permissions.signature() });
    const [real, other] = [world.ask, fake].map(({ address }) =>
      Types.Account.toJSON(Mina.getAccount(address, world.tokenId)),
    );
    assert.equal(real!.permissions.editState, 'Proof');
    assert.equal(other!.permissions.editState, 'Signature');
  });
});

function dress(update: AccountUpdate, permissions: Permissions): void {
  const { data, hash } = pinnedKeys().Ask;
  update.account.verificationKey.set({ data, hash: Field(hash) });
  update.account.permissions.set(permissions);
  [...world.stranger.address.toFields(), Field(1)].forEach((value, i) =>
    AccountUpdate.setValue(update.update.appState[i]!, value),
  );
}

/** An account of the token with an ask's code, opened with other permissions. */
async function openFake(fake: Party, permissions: Permissions) {
  return await world.send(world.stranger, [fake.key], async () => {
    payFrom(world.stranger.address, MINA);
    const update = signsAll(AccountUpdate.createSigned(fake.address, world.tokenId));
    dress(update, permissions);
    await world.tokenContract.approveAccountUpdate(update);
  });
}
