/**
 * What holds for every account of a buyer's deposit, whoever says what is owed (A1 to A7, A12): opening, keys without power, the
 * operator's share, leaving.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  AccountUpdate,
  Bool,
  Field,
  Mina,
  Permissions,
  PublicKey,
  Signature,
  TokenId,
  Types,
  UInt32,
  UInt64,
} from 'o1js';
import { EXIT_WINDOW, operatorPart } from '../deposit_account.js';
import { MAX_EXIT_DELAY, type Terms, textField } from '../fields.js';
import { addDeposit, checkTerms, openAccount } from '../opening.js';
import { TRANSACTION_VERSION } from '../protocol.js';
import { pinnedKeys } from '../verification_keys.js';
import { CHANGES, assertRefused, attempt } from './attacks.js';
import { type Kind, MINA, World, party } from './world.js';

/** A token that nobody here owns. */
const CREDIT = TokenId.derive(party().address);

/** @param unsound terms that nobody settles under, beside the common ones: their name, what differs, and the refusal */
function depositSuite(kind: Kind, unsound: [string, Partial<Terms>, RegExp]): void {
  let world: World;
  before(async () => {
    world = await World.create({ kind });
  });

  async function opened(options = {}): Promise<World> {
    const fresh = await World.create({ kind, ...options });
    await fresh.open();
    return fresh;
  }

  describe('opening', () => {
    test('A1: the opening leaves exactly the properties that calls are accepted on', async () => {
      world = await opened();
      const account = Mina.getAccount(world.account.address);
      const { timing, zkapp, balance, nonce } = account;
      assert.deepEqual(Types.Account.toJSON(account).permissions, {
        editState: 'Proof',
        send: 'Proof',
        receive: 'None',
        access: 'None',
        setVerificationKey: { auth: 'Impossible', txnVersion: TRANSACTION_VERSION },
        setPermissions: 'Impossible',
        setTiming: 'Impossible',
        setDelegate: 'Impossible',
        setZkappUri: 'Impossible',
        editActionState: 'Impossible',
        setTokenSymbol: 'Impossible',
        incrementNonce: 'Impossible',
        setVotingFor: 'Impossible',
      });
      assert.equal(timing.isTimed.toBoolean(), false);
      assert.equal(
        zkapp?.verificationKey?.hash.toString(),
        pinnedKeys()[world.code.name as 'PrepaidAccount'].hash,
      );
      const [x, isOdd] = world.buyer.address.toFields().map(String);
      assert.deepEqual(world.state(), [
        world.terms().hash().toString(),
        x,
        isOdd,
        '0',
        '0',
        '0',
        '0',
        '0',
      ]);
      assert.equal(balance.toBigInt(), 10n * MINA);
      assert.equal(nonce.toBigint(), 0n);
    });

    test('A1: an open account cannot be opened again', async () => {
      world = await opened();
      const before = world.state();
      await assert.rejects(
        world.open(),
        /Account_is_new_precondition_unsatisfied|Update_not_permitted|permission/,
      );
      const withoutPrecondition = (update: AccountUpdate) => {
        update.body.preconditions.account.isNew.isSome = Bool(false);
      };
      await assert.rejects(
        world.open({ change: withoutPrecondition }),
        /Cannot update field 'appState'|permission/,
      );
      assert.deepEqual(world.state(), before);
    });

    const parties = ['seller', 'operator', 'oracle'] as const;
    for (const name of kind === 'proved' ? parties.slice(0, 2) : parties) {
      test(`A1: terms with an empty ${name} are refused`, async () => {
        const terms = world.terms({ [name]: PublicKey.empty() });
        assert.throws(
          () => openAccount(opening(terms)),
          new RegExp(`the ${name} has an empty key`),
        );
      });
    }

    test('A1: terms in a token, which its owner must approve, are refused', () => {
      const token = world.terms({ asset: CREDIT });
      assert.throws(
        () => openAccount(opening(token)),
        /the terms are in a token: its owner has to approve/,
      );
    });

    test("A1: terms that name both an oracle and an issuer's keys are refused", () => {
      const both = world.terms({ oracle: world.oracle.address, keys: Field(1) });
      assert.throws(() => openAccount(opening(both)), /an oracle and an issuer's keys/);
    });

    test('A1: terms with a share above 10000 are refused', () => {
      const terms = world.terms({ operatorShare: UInt32.from(10_001) });
      assert.throws(() => openAccount(opening(terms)), /expected at most 10000, got 10001/);
    });

    test('A5: an exit delay at its bound passes, one slot more or none is refused', () => {
      assert.doesNotThrow(() =>
        checkTerms(world.terms({ exitDelay: UInt32.from(MAX_EXIT_DELAY) })),
      );
      for (const delay of [0, MAX_EXIT_DELAY + 1, 2 ** 31, 2 ** 32 - 1]) {
        const terms = world.terms({ exitDelay: UInt32.from(delay) });
        assert.throws(
          () => openAccount(opening(terms)),
          new RegExp(`exit delay is out of range: expected 1 to 13440 slots, got ${delay}$`),
        );
      }
    });

    test("A1: a buyer's key that is the account's or the oracle's is refused", () => {
      const same = { ...opening(), buyer: world.account.address };
      assert.throws(() => openAccount(same), /buyer and the account have the same key/);
      if (kind === 'proved') return;
      const oracle = { ...opening(), buyer: world.oracle.address };
      assert.throws(() => openAccount(oracle), /buyer and the oracle have the same key/);
    });

    function opening(terms = world.terms()) {
      const { buyer, account } = world;
      return {
        payer: buyer.address,
        account: account.address,
        buyer: buyer.address,
        terms,
        deposit: UInt64.from(MINA),
        verificationKey: pinnedKeys()[world.code.name as 'PrepaidAccount'],
      };
    }
  });

  describe('keys have no power', () => {
    before(async () => {
      world = await opened();
    });

    for (const [name, change] of Object.entries(CHANGES)) {
      test(`A1: no key changes the account: ${name}`, async () => {
        await assertRefused(world, world.account, change);
      });
    }

    test("A1: the account's own key cannot make it pay a fee", async () => {
      const { account } = world;
      for (const raw of [true, false]) {
        const before = world.balance(account);
        const tx = await Mina.transaction({ sender: account.address, fee: 1e8 }, async () => {});
        tx.sign([account.key]);
        const send = async () =>
          raw ? world.chain.applyJsonTransaction(tx.toJSON()) : await tx.send();
        await assert.rejects(send, /Update_not_permitted/);
        assert.equal(world.balance(account), before);
      }
    });

    test("A1, A2: with an older transaction version the account's own key swaps the code, so the version is checked", async () => {
      const old = party();
      const change = (update: AccountUpdate) => {
        const setVerificationKey = {
          auth: Permissions.impossible(),
          txnVersion: UInt32.from(Number(TRANSACTION_VERSION) - 1),
        };
        const { permissions } = update.body.update;
        permissions.value = { ...permissions.value, setVerificationKey };
      };
      await world.open({ account: old, change });
      const swap = CHANGES['verification key']!;
      await attempt(world, old, swap, { signed: true, fullCommitment: true, raw: true });
      assert.equal(
        Mina.getAccount(old.address).zkapp?.verificationKey?.hash.toString(),
        pinnedKeys().Offer.hash,
      );
    });

    test('A1: vesting set at the opening blocks every payout, so timing is checked', async () => {
      world = await World.create({ kind });
      await world.open({ change: (update) => CHANGES['timing']!(update, world.stranger) });
      await assert.rejects(
        world.settle(10n * MINA),
        /Source_minimum_balance_violation|minimum balance/,
      );
    });

    test('A1: anyone can add events in the name of an account, so they prove nothing', async () => {
      world = await opened();
      const before = world.state();
      const change = (update: AccountUpdate) => {
        update.body.events = AccountUpdate.Events.pushEvent(update.body.events, [Field(1)]);
      };
      await attempt(world, world.account, change, {
        signed: false,
        fullCommitment: false,
        raw: false,
      });
      assert.deepEqual(world.state(), before);
    });

    test('A1: in an account whose terms have an empty seller, nothing can be settled', async () => {
      world = await World.create({ kind });
      const terms = world.terms({ seller: PublicKey.empty() });
      await world.open({
        change: (update) => AccountUpdate.setValue(update.update.appState[0]!, terms.hash()),
      });
      await assert.rejects(
        world.settle(MINA, { terms }),
        /the seller has an empty key|Field.inv: zero/,
      );
    });
  });

  describe('the operator share', () => {
    test('A7: rounding never adds up over many settlements', async () => {
      for (const share of [0, 1, 3333, 9999, 10_000]) {
        world = await opened({ share });
        const seller = world.balance(world.seller);
        const dues = [1n, 2n, 3n, 10_001n, 20_003n, 20_004n];
        for (const due of dues) await world.settle(due);
        const part = (20_004n * BigInt(share)) / 10_000n;
        assert.equal(world.state()[5], String(part));
        const fees = BigInt(dues.length) * (MINA / 10n);
        assert.equal(world.balance(world.seller), seller - fees + 20_004n - part);
      }
    });

    test('A7: a settlement cannot pay the seller from what accrued to the operator', async () => {
      world = await opened({ share: 5000 });
      await world.settle(4n * MINA);
      assert.equal(world.balance(world.account), 8n * MINA);
      await assert.rejects(
        world.settle(10n * MINA + 1n),
        /Account_balance_precondition_unsatisfied/,
      );
      await world.settle(10n * MINA);
      assert.equal(world.balance(world.account), 5n * MINA);
      await world.payOperator();
      assert.equal(world.balance(world.account), 0n);
    });

    test('A7: the largest amounts do not overflow', () => {
      const most = 2n ** 64n - 1n;
      for (const share of [1n, 9999n, 10_000n]) {
        const terms = world.terms({ operatorShare: UInt32.from(share) });
        assert.equal(operatorPart(UInt64.from(most), terms).toBigInt(), (most * share) / 10_000n);
      }
    });

    test('A7: a share above 10000 in the state settles nothing', async () => {
      world = await World.create({ kind });
      const terms = world.terms({ operatorShare: UInt32.from(10_001) });
      await world.open({
        change: (update) => AccountUpdate.setValue(update.update.appState[0]!, terms.hash()),
      });
      await assert.rejects(world.settle(MINA, { terms }), /above 10000 basis points/);
    });

    test('A7: the operator pulls its share once, and anyone may send it', async () => {
      world = await opened();
      await world.settle(4n * MINA);
      const operator = world.balance(world.operator);
      await world.payOperator(world.stranger);
      assert.equal(world.balance(world.operator), operator + MINA / 10n);
      assert.equal(world.state()[5], '0');
      await assert.rejects(world.payOperator(), /nothing has accrued/);
    });

    test('A7: an operator that refuses payment does not block the seller', async () => {
      world = await opened();
      await world.send(world.operator, [], async () => {
        const update = AccountUpdate.createSigned(world.operator.address);
        update.account.permissions.set({
          ...Permissions.initial(),
          receive: Permissions.impossible(),
        });
      });
      const seller = world.balance(world.seller);
      await world.settle(4n * MINA);
      assert.ok(world.balance(world.seller) > seller);
      await assert.rejects(world.payOperator(world.stranger), /Update_not_permitted_balance/);
      await world.settle(5n * MINA);
    });
  });

  describe('leaving', () => {
    const LATEST = 5;
    const EXIT = LATEST + 20;
    const balance = 10n * MINA;

    before(async () => {
      world = await World.create({ kind });
      await world.open({ deposit: balance - MINA });
    });

    async function topUp(amount: bigint) {
      await world.send(world.stranger, [], async () =>
        addDeposit(world.stranger.address, world.account.address, UInt64.from(amount)),
      );
    }

    test('A5: anyone tops up before an exit is requested, with a signature alone', async () => {
      const before = world.state();
      await topUp(MINA);
      assert.equal(world.balance(world.account), balance);
      assert.deepEqual(world.state(), before);
    });

    test('A5: nobody withdraws before an exit is requested', async () => {
      world.chain.setGlobalSlot(1000);
      await assert.rejects(world.withdraw(MINA), /the exit was not requested/);
      world.chain.setGlobalSlot(0);
    });

    const forged: [string, () => Promise<void>, RegExp][] = [
      [
        'signed by the seller',
        () => world.requestExit(LATEST, world.exitSignature(LATEST, { key: world.seller.key })),
        /exit is not signed/,
      ],
      [
        "signed with the account's own key",
        () => world.requestExit(LATEST, world.exitSignature(LATEST, { key: world.account.key })),
        /exit is not signed/,
      ],
      [
        'signed for another account',
        () => world.requestExit(LATEST, world.exitSignature(LATEST, { account: party() })),
        /exit is not signed/,
      ],
      [
        'signed for another network',
        () =>
          world.requestExit(
            LATEST,
            world.exitSignature(LATEST, { network: textField('mina:mainnet') }),
          ),
        /exit is not signed/,
      ],
      [
        'with another latest slot than the signed one',
        () => world.requestExit(9999, world.exitSignature(LATEST)),
        /exit is not signed/,
      ],
      [
        'with a latest slot that overflows',
        () => world.requestExit(2 ** 32 - 1),
        /UInt32|range|overflow/i,
      ],
    ];
    for (const [name, request, message] of forged) {
      test(`A5: an exit ${name} is refused`, async () => {
        await assert.rejects(request, message);
        assert.equal(world.state()[4], '0');
      });
    }

    test('A5: an exit signed for a slot that is out of reach is refused', async () => {
      for (const slot of [0, 1000]) {
        world.chain.setGlobalSlot(slot);
        await assert.rejects(
          world.requestExit(slot + EXIT_WINDOW + 1),
          /Valid_while_precondition_unsatisfied/,
        );
        assert.equal(world.state()[4], '0');
      }
      world.chain.setGlobalSlot(0);
    });

    test("A5: the request's slot is compared with its own block's, the withdrawal's with the parent's", async () => {
      const { preconditions: exit } = await firstUpdate(() =>
        world.deposit.requestExit(world.terms(), UInt32.from(2000), world.exitSignature(2000)),
      );
      assert.deepEqual(exit.validWhile, { lower: String(2000 - EXIT_WINDOW), upper: '2000' });
      assert.equal(exit.network.globalSlotSinceGenesis, null);
      const left = await opened();
      await left.requestExit(LATEST);
      const { preconditions: out } = await firstUpdate(() =>
        left.deposit.withdraw(left.terms(), UInt64.from(1), left.withdrawSignature(1n)),
      );
      assert.equal(out.network.globalSlotSinceGenesis?.lower, String(EXIT));
      assert.equal(out.validWhile, null);
      Mina.setActiveInstance(world.chain);
    });

    /** What the ledger is told of the contract's own update, as JSON. */
    async function firstUpdate(body: () => Promise<void>) {
      const tx = await Mina.transaction(body);
      return (JSON.parse(tx.toJSON()) as Types.Json.ZkappCommand).accountUpdates[0]!.body;
    }

    test('A5: an exit request is dead after its latest slot', async () => {
      world.chain.setGlobalSlot(LATEST + 1);
      await assert.rejects(world.requestExit(LATEST), /Valid_while_precondition_unsatisfied/);
      assert.equal(world.state()[4], '0');
      world.chain.setGlobalSlot(0);
    });

    test('A5: the delay counts from the upper bound of the request, whoever sends it', async () => {
      await world.requestExit(LATEST, world.exitSignature(LATEST), world.stranger);
      assert.equal(world.state()[4], String(EXIT));
    });

    test('A5: a replayed or later exit request changes nothing', async () => {
      await assert.rejects(world.requestExit(LATEST), /already requested/);
      await assert.rejects(world.requestExit(LATEST + 100), /already requested/);
      assert.equal(world.state()[4], String(EXIT));
    });

    test('A5: a top-up that arrives after the exit request is refused by the chain', async () => {
      await assert.rejects(topUp(MINA), /Account_app_state_precondition_unsatisfied/);
      assert.equal(world.balance(world.account), balance);
    });

    test('A5: the seller settles during the exit', async () => {
      await world.settle(4n * MINA);
      assert.equal(world.state()[3], String(4n * MINA));
    });

    test('A5: a withdrawal one slot early is refused', async () => {
      world.chain.setGlobalSlot(EXIT - 1);
      await assert.rejects(
        world.withdraw(MINA),
        /Protocol_state_precondition_unsatisfied|global.slot/i,
      );
    });

    test("A6: a withdrawal cannot touch the operator's share", async () => {
      world.chain.setGlobalSlot(EXIT);
      const share = MINA / 10n;
      assert.equal(world.state()[5], String(share));
      await assert.rejects(
        world.withdraw(balance - 4n * MINA + 1n),
        /Account_balance_precondition_unsatisfied/,
      );
    });

    test('A6: deposits during the exit neither spoil the withdrawal nor are lost', async () => {
      const buyer = world.balance(world.buyer);
      const tx = await Mina.transaction({ sender: world.operator.address, fee: 1e8 }, () =>
        world.deposit.withdraw(
          world.terms(),
          UInt64.from(6n * MINA),
          world.withdrawSignature(6n * MINA),
        ),
      );
      await tx.prove();
      await world.transfer(world.stranger, world.account, 3n);
      await tx.sign([world.operator.key]).send();
      assert.equal(world.balance(world.buyer), buyer + 6n * MINA);
      world.chain.setGlobalSlot(EXIT + 1);
      await world.withdraw(3n, world.stranger);
      assert.equal(world.balance(world.buyer), buyer + 6n * MINA + 3n);
    });

    test('A7: the operator is paid after the buyer left', async () => {
      const operator = world.balance(world.operator);
      await world.payOperator(world.stranger);
      assert.equal(world.balance(world.operator), operator + MINA / 10n);
      assert.equal(world.balance(world.account), 0n);
    });

    test('A6: old vouchers settle nothing after the buyer left', async () => {
      await assert.rejects(world.settle(10n * MINA), /Account_balance_precondition_unsatisfied/);
    });

    test('A5: a withdrawal pays only the buyer that the state names', async () => {
      world = await opened();
      await world.requestExit(LATEST);
      world.chain.setGlobalSlot(EXIT);
      const stranger = world.balance(world.stranger);
      await world.withdraw(10n * MINA, world.stranger);
      assert.equal(world.balance(world.stranger), stranger - MINA / 10n);
      assert.equal(world.balance(world.account), 0n);
    });
  });

  describe('withdrawing takes the signature of the buyer', () => {
    const [LATEST, EXIT] = [5, 25];
    before(async () => {
      world = await opened();
      await world.requestExit(LATEST);
      world.chain.setGlobalSlot(EXIT);
    });

    const forged: [string, () => Signature][] = [
      ['by a stranger', () => world.withdrawSignature(1n, { key: world.stranger.key })],
      ["with the account's own key", () => world.withdrawSignature(1n, { key: world.account.key })],
      ['by the oracle', () => world.withdrawSignature(1n, { key: world.oracle.key })],
      ['for another amount', () => world.withdrawSignature(2n)],
      ['for another account', () => world.withdrawSignature(1n, { account: party() })],
      [
        'for another network',
        () => world.withdrawSignature(1n, { network: textField('mina:mainnet') }),
      ],
      ['for an earlier exit slot', () => world.withdrawSignature(1n, { exitSlot: EXIT - 1 })],
      ['as an exit request', () => world.exitSignature(LATEST)],
    ];
    for (const [name, signature] of forged) {
      test(`A12: one that is signed ${name} is refused`, async () => {
        const before = world.balance(world.account);
        await assert.rejects(
          world.withdraw(1n, world.stranger, signature()),
          /the withdrawal is not signed by the buyer/,
        );
        assert.equal(world.balance(world.account), before);
      });
    }

    test('A12: terms of another network do not make a signature for it count', async () => {
      const network = textField('mina:mainnet');
      const signature = world.withdrawSignature(1n, { network });
      await assert.rejects(
        world.withdraw(1n, world.stranger, signature, world.terms({ network })),
        /terms are not those of this account/,
      );
    });

    test('A12: a signature pays once, whoever sends it, and never again', async () => {
      const buyer = world.balance(world.buyer);
      const signature = world.withdrawSignature(MINA);
      await world.withdraw(MINA, world.stranger, signature);
      assert.equal(world.balance(world.buyer), buyer + MINA);
      assert.equal(world.state()[4], String(EXIT + 1));
      for (const slot of [EXIT, EXIT + 1, EXIT + 1000]) {
        world.chain.setGlobalSlot(slot);
        await assert.rejects(
          world.withdraw(MINA, world.stranger, signature),
          /the withdrawal is not signed by the buyer/,
        );
      }
      assert.equal(world.balance(world.buyer), buyer + MINA);
    });

    test('A12: a signature that was used between proof and block leaves the buyer with the money', async () => {
      const [buyer, signature] = [world.balance(world.buyer), world.withdrawSignature(2n * MINA)];
      const own = await Mina.transaction({ sender: world.buyer.address, fee: 1e8 }, () =>
        world.deposit.withdraw(world.terms(), UInt64.from(2n * MINA), signature),
      );
      await own.prove();
      await world.withdraw(2n * MINA, world.stranger, signature);
      await assert.rejects(own.sign([world.buyer.key]).send(), /app_state/i);
      assert.equal(world.balance(world.buyer), buyer + 2n * MINA - MINA / 10n);
    });

    test('A5: each block takes a withdrawal: the exit slot never runs ahead of the chain', async () => {
      const slot = Number(world.state()[4]);
      for (const passed of [0, 1, 2]) {
        world.chain.setGlobalSlot(slot + passed);
        await world.withdraw(1n);
        assert.equal(world.state()[4], String(slot + passed + 1));
      }
    });
  });

  describe('an account that was opened for terms that nobody should accept', () => {
    /** Past `openAccount`, whose check anyone can leave out. */
    async function openedFor(changes: Partial<Terms>): Promise<Terms> {
      world = await World.create({ kind });
      const terms = world.terms(changes);
      await world.open({
        change: (update) => AccountUpdate.setValue(update.update.appState[0]!, terms.hash()),
      });
      return terms;
    }

    const rows: [string, Partial<Terms>, RegExp, number][] = [
      ['an exit delay of 2^31 slots', { exitDelay: UInt32.from(2 ** 31) }, /above 13440/, 13_440],
      ['the longest exit delay', { exitDelay: UInt32.MAXINT() }, /above 13440/, 13_440],
      ['a token that the account is not in', { asset: CREDIT }, /not in the asset/, 20],
      [...unsound, 20],
      ['a share above 10000', { operatorShare: UInt32.from(10_001) }, /above 10000 basis/, 20],
    ];
    for (const [name, changes, message, delay] of rows) {
      test(`A5: the buyer leaves ${name}, and nobody settles under it`, async () => {
        const terms = await openedFor(changes);
        await assert.rejects(world.settle(MINA, { terms, asset: terms.asset }), message);
        await world.requestExit(5, world.exitSignature(5), world.buyer, terms);
        assert.equal(world.state()[4], String(5 + delay));
        world.chain.setGlobalSlot(5 + delay);
        await world.withdraw(10n * MINA, world.buyer, world.withdrawSignature(10n * MINA), terms);
        assert.equal(world.balance(world.account), 0n);
      });
    }

    test('A5: the longest exit delay that terms may have can be settled under and left', async () => {
      const terms = await openedFor({ exitDelay: UInt32.from(MAX_EXIT_DELAY) });
      await world.settle(MINA, { terms });
      await world.requestExit(5, world.exitSignature(5), world.buyer, terms);
      assert.equal(world.state()[4], String(5 + MAX_EXIT_DELAY));
    });
  });
}

describe('a prepaid account', () =>
  depositSuite('prepaid', [
    "an issuer's keys beside the oracle",
    { keys: Field(7) },
    /settled by proofs/,
  ]));
describe('a proved account', () =>
  depositSuite('proved', [
    'an oracle beside the keys',
    { oracle: party().address },
    /settled by an oracle/,
  ]));
