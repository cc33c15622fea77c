/** Credits: what the vault and the token refuse, and that each attack fails for its own reason. */
import assert from 'node:assert/strict';
import { FungibleToken } from 'mina-fungible-token';
import { afterEach, before, describe, test } from 'node:test';
import {
  AccountUpdate,
  Bool,
  Field,
  Mina,
  Permissions,
  Provable,
  PublicKey,
  TokenId,
  Types,
  UInt32,
  UInt64,
  UInt8,
} from 'o1js';
import { CREDIT_PERMISSIONS, checkIssue } from '../credit_opening.js';
import { payFrom } from '../new_account.js';
import { CreditVault, useCreditVault } from '../credit_vault.js';
import { TRANSACTION_VERSION } from '../protocol.js';
import { signsAll } from '../seller_signature.js';
import { pinnedKeys } from '../verification_keys.js';
import { ATTEMPTS, CHANGES, assertRefused, attempt } from './attacks.js';
import { CreditWorld, FEE } from './credits.js';
import { Token } from './fungible.js';
import { MINA, type Party, party } from './world.js';

const UNSIGNED = /Check signature: Invalid signature/;
const UNPAID = /Invalid_fee_excess/;
const TOO_EARLY = /Protocol_state_precondition_unsatisfied/;
const OTHER_STATE = /Account_app_state_precondition_unsatisfied/;
const TOO_MUCH = /fit in 64 bits|Expected a value between \(-2\^64, 2\^64\)/;

let world: CreditWorld;
const refused = (work: Promise<unknown>, why: RegExp) => assert.rejects(work, why);

/** Every credit is counted, and each counted one is backed. */
function assertBacked(): void {
  const holders = [world.seller, world.buyer, world.mate, world.stranger, world.ask, world.vault];
  const sum = holders.reduce((total, who) => total + world.credits(who), 0n);
  assert.equal(sum, world.circulating);
  assert.ok(world.mina(world.vault) >= world.circulating * world.options.backing);
}

describe('issuing', () => {
  before(async () => {
    world = await CreditWorld.create();
    await world.issue();
  });

  test('A17: leaves exactly the properties that readers ask for', () => {
    const { token, vault, seller } = world;
    const impossible = Object.fromEntries(
      ['setPermissions', 'setTiming', 'setDelegate', 'setZkappUri', 'editActionState']
        .concat('setTokenSymbol', 'incrementNonce', 'setVotingFor')
        .map((name) => [name, 'Impossible']),
    );
    for (const who of [token, vault]) {
      const { permissions } = Types.Account.toJSON(Mina.getAccount(who.address));
      assert.deepEqual(permissions, {
        editState: 'Proof',
        send: 'Proof',
        receive: 'None',
        access: 'Proof',
        setVerificationKey: { auth: 'Impossible', txnVersion: TRANSACTION_VERSION },
        ...impossible,
      });
    }
    const state = Mina.getAccount(vault.address).zkapp!.appState.map(String);
    const expected = [...seller.address.toFields(), ...token.address.toFields()].map(String);
    assert.deepEqual(state, [...expected, '100', '0', String(MINA / 2n), '500']);
    const owner = Mina.getAccount(token.address);
    const admin = vault.address.toFields().map(String);
    assert.deepEqual(owner.zkapp!.appState.slice(0, 4).map(String), ['0', ...admin, '0']);
    assert.equal(owner.tokenSymbol, 'RUN');
    assert.equal(owner.zkapp!.zkappUri, 'https://ci.example/run.json#5f0c');
    const { FungibleToken: code, CreditVault: admins } = pinnedKeys();
    assert.equal(owner.zkapp!.verificationKey?.hash.toString(), code.hash);
    assert.equal(
      Mina.getAccount(vault.address).zkapp!.verificationKey?.hash.toString(),
      admins.hash,
    );
  });

  test('the same keys a second time are refused', () =>
    refused(
      world.issue(),
      /Cannot update field 'verificationKey' because permission for this field/,
    ));

  test('an address that somebody took before is refused; another key is not', async () => {
    const other = await CreditWorld.create();
    await other.send(other.stranger, [], async () => {
      AccountUpdate.fundNewAccount(other.stranger.address);
      AccountUpdate.create(other.vault.address);
    });
    await refused(other.issue(), /Account_is_new_precondition_unsatisfied/);
    other.vault = party();
    await other.issue();
  });

  test("without the vault's signature, or the token's, nothing is opened", async () => {
    const other = await CreditWorld.create();
    const real = [other.token, other.vault] as const;
    for (const index of [0, 1]) {
      [other.token, other.vault] = real;
      const stolen = { key: party().key, address: real[index]!.address };
      if (index === 0) other.token = stolen;
      else other.vault = stolen;
      await refused(other.issue(), UNSIGNED);
    }
  });

  const { seller } = { seller: party().address };
  const wrong: [string, object, RegExp][] = [
    ['a cap of 0', { cap: UInt64.zero }, /the cap is 0/],
    ['an expiry at slot 0', { expiry: UInt32.zero }, /the expiry is slot 0/],
    ['a seller without a key', { seller: PublicKey.empty() }, /the seller has an empty key/],
    ['a token named MINA', { symbol: 'MINA' }, /and not MINA/],
    ['a token named mina', { symbol: 'mina' }, /and not MINA/],
    ['a symbol in other letters', { symbol: 'МІNА' }, /1 to 6 letters and digits/],
    ['a symbol that turns around', { symbol: 'R\u202eUN' }, /1 to 6 letters and digits/],
    ['a symbol of 7 letters', { symbol: 'CREDITS' }, /1 to 6 letters and digits/],
    ['no symbol', { symbol: '' }, /1 to 6 letters and digits/],
    ['no place of the promise', { uri: '' }, /expected 1 to 255 bytes, got 0/],
    ['a place of 256 bytes', { uri: 'é'.repeat(128) }, /expected 1 to 255 bytes, got 256/],
    [
      'more backing than 64 bits hold',
      { cap: UInt64.from(2n ** 34n), backing: UInt64.from(2n ** 30n) },
      /the cap times the backing: expected less than 2\^64/,
    ],
  ];
  for (const [name, changes, why] of wrong)
    test(`${name} is refused`, () => assert.throws(() => checkIssue(world.issueOf(changes)), why));

  test('keys that serve two purposes are refused', () => {
    const issue = world.issueOf();
    const cases: [object, RegExp][] = [
      [{ vault: issue.token }, /the token and the vault have the same key/],
      [{ seller: issue.token }, /the token and the seller have the same key/],
      [{ seller: issue.vault }, /the vault and the seller have the same key/],
      [{ payer: issue.token, seller }, /the token cannot pay for its own opening/],
      [{ payer: issue.vault, seller }, /the vault cannot pay for its own opening/],
    ];
    for (const [changes, why] of cases)
      assert.throws(() => checkIssue(world.issueOf(changes)), why);
  });
});

describe('minting', () => {
  before(async () => {
    world = await CreditWorld.create();
    await world.issue();
    await world.mint(60n);
    await world.give(world.seller, world.buyer.address, 20n);
  });
  afterEach(assertBacked);

  test('a stranger mints nothing', () =>
    refused(world.mint(1n, { by: world.stranger, to: world.stranger.address }), UNSIGNED));
  test('the cap holds, to the credit', async () => {
    await refused(world.mint(41n), /the mint is above the cap/);
    assert.equal(world.minted, 60n);
  });
  test('2^64 - 1 credits do not wrap around', () =>
    refused(world.mint(2n ** 64n - 1n, { paid: 0n }), TOO_MUCH));
  test('none is refused', () => refused(world.mint(0n), /the mint is not positive/));
  for (const [name, paid] of [
    ['nothing', 0n],
    ['half', (5n * MINA) / 4n],
    ['a nanomina too little', (5n * MINA) / 2n - 1n],
    ['a nanomina too much', (5n * MINA) / 2n + 1n],
  ] as const)
    test(`${name} of the backing is refused`, () => refused(world.mint(5n, { paid }), UNPAID));
  test('the account that counts gets none', () =>
    refused(world.mint(1n, { to: world.token.address }), /circulation account/));
  test("an unbalanced forest under the token's proof mints nothing", () =>
    refused(
      world.send(world.seller, [], async () => {
        const up = AccountUpdate.create(world.seller.address, world.tokenId);
        up.balance.addInPlace(UInt64.from(5));
        await world.tokenContract.approveAccountUpdate(up);
      }),
      /Flash-minting/,
    ));
  test('what is received before it is sent is refused', () =>
    refused(
      world.send(world.buyer, [], async () => {
        const up = AccountUpdate.create(world.buyer.address, world.tokenId);
        up.balance.addInPlace(UInt64.from(5));
        const down = signsAll(AccountUpdate.createSigned(world.buyer.address, world.tokenId));
        down.balance.subInPlace(UInt64.from(5));
        await world.tokenContract.approveAccountUpdates([up, down]);
      }),
      /Flash-minting/,
    ));
  test('without the owner nothing is minted', () =>
    refused(
      world.raw(world.seller, [], () => {
        const up = AccountUpdate.create(world.seller.address, world.tokenId);
        up.balance.addInPlace(UInt64.from(5));
      }),
      /Token_owner_not_caller/,
    ));
  for (const signed of [false, true])
    test(`under the owner ${signed ? 'with its key alone' : 'without its proof'} nothing is minted`, () =>
      refused(
        world.raw(world.seller, [world.token.key], () => {
          const owner = AccountUpdate.create(world.token.address);
          if (signed) signsAll(owner).requireSignature();
          const up = AccountUpdate.default(world.seller.address, world.tokenId);
          up.balance.addInPlace(UInt64.from(5));
          owner.approve(up);
        }),
        /Update_not_permitted_access/,
      ));
  test('what is counted cannot be sent away', () =>
    refused(
      world.give(world.token, world.seller.address, 5n, world.seller, [world.token.key]),
      /circulation account/,
    ));
  test('admin, pause, code: the seller changes none', async () => {
    const { tokenContract: token } = world;
    const key = pinnedKeys().Ask;
    const calls: [() => Promise<void>, RegExp][] = [
      [() => token.setAdmin(world.seller.address), /Not allowed to change admin/],
      [() => token.pause(), /Not allowed to pause/],
      [() => token.resume(), /Not allowed to resume/],
      [
        () => token.updateVerificationKey({ data: key.data, hash: Field(key.hash) } as never),
        /Not allowed to change/,
      ],
    ];
    for (const [call, why] of calls) await refused(world.send(world.seller, [], call), why);
  });
  test('the vault asked by itself wants the seller and the backing', async () => {
    const ask = async () => {
      const update = AccountUpdate.default(world.stranger.address, world.tokenId);
      update.balance.addInPlace(UInt64.from(1));
      await world.vaultContract.canMint(update);
    };
    await refused(world.send(world.stranger, [], ask), UNSIGNED);
    const paid = async () => (payFrom(world.stranger.address, MINA / 2n), await ask());
    await refused(world.send(world.stranger, [], paid), UNSIGNED);
    await refused(world.send(world.seller, [], ask), UNPAID);
  });
  test('another token that takes this vault for its admin mints nothing', async () => {
    const other = await another(world.vault);
    const mint = () => new FungibleToken(other.address).mint(world.seller.address, UInt64.from(1));
    await refused(world.send(world.seller, [], mint), /the mint is of another token/);
  });
  test('the token is initialized once', () =>
    refused(
      world.send(world.seller, [world.token.key], () =>
        world.tokenContract.initialize(world.seller.address, UInt8.from(0), Bool(false)),
      ),
      /Cannot update field 'permissions' because permission for this field is 'Impossible'/,
    ));
  test('money that is sent to the vault without its proof is refused', () =>
    refused(
      world.send(world.stranger, [], async () => {
        const gift = AccountUpdate.createSigned(world.stranger.address);
        gift.send({ to: world.vault.address, amount: 1 });
      }),
      /Update_not_permitted_access/,
    ));
  test('of two mints on one state, one is refused', async () => {
    const mint = async (nonce: number) => {
      const { address } = world.seller;
      const tx = await Mina.transaction({ sender: address, fee: Number(FEE), nonce }, async () => {
        payFrom(address, 15n * MINA);
        await world.tokenContract.mint(address, UInt64.from(30));
      });
      await tx.prove();
      return tx.sign([world.seller.key]);
    };
    const nonce = Number(Mina.getAccount(world.seller.address).nonce.toBigint());
    const [first, second] = [await mint(nonce), await mint(nonce + 1)];
    await first.send();
    await refused(second.send(), OTHER_STATE);
    assert.deepEqual([world.circulating, world.minted], [90n, 90n]);
    assert.throws(() => world.chain.applyJsonTransaction(first.toJSON()), /nonce/i);
  });
  test('A17: an amount beyond 64 bits, which would lower the count, is in no circuit the amount of a mint', async () => {
    // Without backing nothing else would notice it: the sum and the product fit in 64 bits again.
    const canMint = CreditVault._methods!.find(({ methodName }) => methodName === 'canMint')!;
    const asked = (amount: bigint) =>
      Provable.runAndCheck(() => {
        Provable.witness(canMint.args.at(-1) as typeof AccountUpdate, () => {
          const update = AccountUpdate.default(world.seller.address, world.tokenId);
          update.balance.addInPlace(UInt64.one);
          update.body.balanceChange.magnitude.value = Field(amount);
          return update;
        });
      });
    await asked(2n ** 64n - 1n);
    for (const amount of [-1n, 2n ** 64n])
      await refused(
        asked(amount),
        new RegExp(`Constraint unsatisfied[^]*Equal \\d+ ${Field(amount)}`),
      );
  });
  test('who gets a mint is signed', async () => {
    const { seller, stranger } = world;
    await world.give(seller, stranger.address, 1n);
    const tx = await world.prepared(seller, async () => {
      payFrom(seller.address, MINA / 2n);
      await world.tokenContract.mint(seller.address, UInt64.from(1));
    });
    const json = JSON.parse(tx.sign([seller.key]).toJSON()) as Types.Json.ZkappCommand;
    const minted = json.accountUpdates.find(
      ({ body }) =>
        body.publicKey === seller.address.toBase58() &&
        body.tokenId === TokenId.toBase58(world.tokenId),
    );
    minted!.body.publicKey = stranger.address.toBase58();
    assert.throws(() => world.chain.applyJsonTransaction(JSON.stringify(json)), /signature/i);
  });
  test('credits of one vault are not minted by the seller of another', async () => {
    const theirs = party();
    await world.send(world.stranger, [theirs.key], async () => {
      AccountUpdate.fundNewAccount(world.stranger.address);
      const vault = codeOf(theirs, 'CreditVault');
      const state = [...world.stranger.address.toFields(), ...world.token.address.toFields()];
      setState(vault, [...state, Field(9), Field(0), Field(0), Field(500)]);
    });
    // A vault that names this token is not the token's admin: its leave mints nothing.
    const before = world.circulating;
    await world.send(world.stranger, [], async () => {
      const update = AccountUpdate.default(world.stranger.address, world.tokenId);
      update.balance.addInPlace(UInt64.from(3));
      await new CreditVault(theirs.address).canMint(update);
    });
    assert.equal(world.circulating, before);
    await refused(
      world.send(world.stranger, [], () => world.tokenContract.setAdmin(theirs.address)),
      /Not allowed to change admin/,
    );
  });
  test('from the expiry on nothing is minted', async () => {
    world.chain.setGlobalSlot(499);
    await world.mint(1n);
    world.chain.setGlobalSlot(500);
    await refused(world.mint(1n), /Valid_while_precondition_unsatisfied/);
  });
});

describe('keys have no power', () => {
  /** The strongest attempt, straight into the ledger; without a signature less is tried. */
  const SIGNED = ATTEMPTS.filter((each) => each.signed && each.fullCommitment && each.raw);
  before(async () => {
    world = await CreditWorld.trading();
  });
  for (const [name, change] of Object.entries(CHANGES))
    test(`of token and vault: ${name}`, async () => {
      for (const who of [world.token, world.vault]) await assertRefused(world, who, change, SIGNED);
    });
});

describe('turning credits in', () => {
  before(async () => {
    world = await CreditWorld.trading();
    await world.give(world.seller, world.mate.address, 2n);
  });
  afterEach(assertBacked);

  test('the seller gets the backing at any time, and the cap stays used up', async () => {
    const before = world.mina(world.seller);
    await world.redeem(world.seller, 3n);
    assert.equal(world.mina(world.seller), before + (3n * MINA) / 2n - FEE);
    assert.deepEqual([world.circulating, world.minted], [57n, 60n]);
    await refused(world.mint(41n), /the mint is above the cap/);
  });
  test('a holder before the expiry gets nothing', async () => {
    await refused(world.redeem(world.buyer, 1n), TOO_EARLY);
    world.chain.setGlobalSlot(499);
    await refused(world.redeem(world.buyer, 1n), TOO_EARLY);
  });
  test("nobody turns in the seller's", () =>
    refused(world.redeem(world.seller, 1n, world.stranger), UNSIGNED));
  test('none is refused', () => refused(world.redeem(world.seller, 0n), /nothing is turned in/));
  test('more than one has is refused', () => refused(world.redeem(world.seller, 6n), /Overflow/));
  test('what lies in an ask is not turned in by its key', () =>
    refused(
      world.send(world.seller, [world.ask.key], () =>
        world.vaultContract.redeem(world.ask.address, UInt64.from(1)),
      ),
      TOO_EARLY,
    ));
  test("2^64 - 1 credits' backing does not wrap around", () =>
    refused(world.redeem(world.seller, 2n ** 64n - 1n), TOO_MUCH));
  test('credits that are burned without the vault leave their backing there', async () => {
    const before = world.mina(world.vault);
    await world.send(world.mate, [], () =>
      world.tokenContract.burn(world.mate.address, UInt64.from(1)),
    );
    assert.equal(world.mina(world.vault), before);
  });
  test("a stranger burns nobody's", () =>
    refused(
      world.send(world.stranger, [], () =>
        world.tokenContract.burn(world.buyer.address, UInt64.from(1)),
      ),
      UNSIGNED,
    ));
  describe('from the expiry on', () => {
    before(() => world.chain.setGlobalSlot(500));

    test('a holder gets the backing, once', async () => {
      const before = world.mina(world.buyer);
      await world.redeem(world.buyer, 20n);
      assert.equal(world.mina(world.buyer), before + 10n * MINA - FEE);
      await refused(world.redeem(world.buyer, 1n), /Overflow/);
    });
    test("A17: another token's credits are worth nothing here, whoever made them", async () => {
      const { stranger, vault } = world;
      const other = await Token.deploy(stranger);
      await other.mint(stranger.address, 5n);
      useCreditVault();
      const before = [world.mina(vault), world.circulating];
      await refused(world.redeem(stranger, 5n), /"Overflow"/);
      assert.deepEqual([world.mina(vault), world.circulating], before);
      assert.equal(other.balance(stranger.address), 5n);
    });
    test('a transaction counts once', async () => {
      const tx = await world.prepared(world.mate, () =>
        world.vaultContract.redeem(world.mate.address, UInt64.from(1)),
      );
      await tx.sign([world.mate.key]).send();
      assert.throws(() => world.chain.applyJsonTransaction(tx.toJSON()), /nonce/i);
    });
    test("a stranger turns in nobody's", () =>
      refused(world.redeem(world.seller, 1n, world.stranger), UNSIGNED));
    test('a stranger who pays the fee does not get the money of a holder who signs', async () => {
      const [holder, sender] = [world.seller, world.stranger];
      const before = [world.mina(holder), world.mina(sender)];
      await world.send(sender, [holder.key], () =>
        world.vaultContract.redeem(holder.address, UInt64.from(1)),
      );
      assert.deepEqual(
        [world.mina(holder), world.mina(sender)],
        [before[0]! + MINA / 2n, before[1]! - FEE],
      );
    });
    test("an ask's credits are still its seller's to take back, and nobody burns them", async () => {
      await refused(
        world.send(world.seller, [world.ask.key], () =>
          world.vaultContract.redeem(world.ask.address, UInt64.from(1)),
        ),
        /Update_not_permitted_(balance|access)|permission/,
      );
      await world.takeBack(30n);
      await world.redeem(world.seller, 30n);
    });
  });
});

describe('credits for MINA without an ask', () => {
  test('A17: both sign the one transaction, or nothing moves', async () => {
    world = await CreditWorld.trading();
    const { buyer, mate } = world;
    await world.give(buyer, mate.address, 1n);
    const moved = () => [world.credits(buyer), world.credits(mate), world.mina(mate)];
    const swap = (keys: Party[]) =>
      world.send(
        mate,
        keys.map(({ key }) => key),
        async () => {
          const payment = AccountUpdate.createSigned(mate.address);
          payment.send({ to: buyer.address, amount: MINA });
          await world.tokenContract.transfer(buyer.address, mate.address, UInt64.from(3));
        },
      );
    const before = moved();
    await refused(swap([]), UNSIGNED);
    assert.deepEqual(moved(), before);
    await swap([buyer]);
    const now = moved().map((value, i) => value - before[i]!);
    assert.deepEqual(now, [-3n, 3n, -MINA - FEE]);
  });
});

describe('no backing', () => {
  test('is a promise that nothing stands behind: all is as before, for 0 nanomina', async () => {
    world = await CreditWorld.create({ backing: 0n });
    await world.issue();
    await world.mint(10n);
    const before = world.mina(world.seller);
    await world.redeem(world.seller, 1n);
    assert.equal(world.mina(world.seller), before - FEE);
  });
});

/** These succeed on chain: `sealrun.chain.credits` refuses to call such a token a credit. */
describe('only readers refuse', () => {
  test('credits from before the code was there, which take the backing of the others', async () => {
    world = await CreditWorld.create();
    const { seller, token, vault, buyer } = world;
    const hidden = party();
    await world.send(seller, [], async () => {
      AccountUpdate.fundNewAccount(seller.address, 2);
      const owner = AccountUpdate.create(token.address);
      const up = AccountUpdate.default(hidden.address, world.tokenId);
      up.balance.addInPlace(UInt64.from(500));
      owner.approve(up);
    });
    await refused(world.issue(), /Account_is_new_precondition_unsatisfied/);
    await world.send(seller, [token.key, vault.key], async () => {
      AccountUpdate.fundNewAccount(seller.address, 2);
      const state = [...seller.address.toFields(), ...token.address.toFields()];
      setState(codeOf(vault, 'CreditVault'), [
        ...state,
        Field(100),
        Field(0),
        Field(MINA),
        Field(500),
      ]);
      setState(codeOf(token, 'FungibleToken'), Array<Field>(8).fill(Field(0)));
      await world.tokenContract.initialize(vault.address, UInt8.from(0), Bool(false));
    });
    await world.mint(10n, { paid: 10n * MINA });
    await world.give(seller, buyer.address, 10n);
    await world.give(hidden, seller.address, 10n, seller, [hidden.key]);
    await world.redeem(seller, 10n);
    assert.deepEqual([world.mina(vault), world.credits(buyer)], [0n, 10n]);
    const accounts = [seller, buyer, hidden].map((who) => world.credits(who));
    assert.notEqual(
      accounts.reduce((a, b) => a + b),
      world.circulating,
      'the sum tells',
    );
  });

  test("A17: with an older transaction version and access None, a vault's key swaps its code; behind access by proof it does not", async () => {
    world = await CreditWorld.create();
    const txnVersion = UInt32.from(Number(TRANSACTION_VERSION) - 1);
    const old = {
      ...CREDIT_PERMISSIONS,
      setVerificationKey: { auth: Permissions.impossible(), txnVersion },
    };
    const swapped = async (permissions: Permissions) => {
      const vault = party();
      await world.send(world.seller, [vault.key], async () => {
        AccountUpdate.fundNewAccount(world.seller.address);
        codeOf(vault, 'CreditVault', permissions);
      });
      await attempt(world, vault, CHANGES['verification key']!, {
        signed: true,
        fullCommitment: true,
        raw: true,
      });
      return Mina.getAccount(vault.address).zkapp?.verificationKey?.hash.toString();
    };
    await refused(swapped(old), /Update_not_permitted_access/);
    const open = { ...old, access: Permissions.none() };
    assert.equal(await swapped(open), pinnedKeys().Offer.hash);
  });
});

/** Code and permissions as an issue leaves them, at an address that may be taken. */
function codeOf(
  who: Party,
  name: 'CreditVault' | 'FungibleToken',
  permissions = CREDIT_PERMISSIONS,
): AccountUpdate {
  const update = signsAll(AccountUpdate.createSigned(who.address));
  const { data, hash } = pinnedKeys()[name];
  update.account.verificationKey.set({ data, hash: Field(hash) });
  update.account.permissions.set(permissions);
  return update;
}

function setState(update: AccountUpdate, state: Field[]): void {
  state.forEach((value, i) => AccountUpdate.setValue(update.update.appState[i]!, value));
}

/** A token of a stranger with this vault as its admin. */
async function another(vault: Party): Promise<Party> {
  const other = party();
  await world.send(world.stranger, [other.key], async () => {
    AccountUpdate.fundNewAccount(world.stranger.address, 2);
    const { FungibleToken: code } = pinnedKeys();
    const token = new FungibleToken(other.address);
    await token.deploy({ symbol: 'RUN', src: 'x', allowUpdates: false, verificationKey: code });
    await token.initialize(vault.address, UInt8.from(0), Bool(false));
  });
  return other;
}
