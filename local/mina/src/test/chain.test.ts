import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  AccountUpdate,
  Bool,
  Field,
  Mina,
  Permissions,
  PrivateKey,
  PublicKey,
  TokenId,
  TransactionVersion,
  UInt32,
  UInt64,
  VerificationKey,
  fetchAccount,
  fetchLastBlock,
} from 'o1js';
import { type RunningChain, startChain } from '../process.js';

const MINA = 1_000_000_000n;
const WAIT = { interval: 100, maxAttempts: 50 };

interface Party {
  key: PrivateKey;
  address: PublicKey;
}

function party(): Party {
  const key = PrivateKey.random();
  return { key, address: key.toPublicKey() };
}

let chain: RunningChain;
after(() => chain.stop());

function connect() {
  Mina.setActiveInstance(Mina.Network({ mina: chain.url, archive: chain.url }));
}

async function funded(): Promise<Party> {
  const who = party();
  const { status } = await chain.post('/faucet', { address: who.address.toBase58() });
  assert.equal(status, 200);
  return who;
}

async function build(sender: Party, body: () => Promise<void>, nonce?: number) {
  return await Mina.transaction(
    { sender: sender.address, fee: 1e8, ...(nonce !== undefined && { nonce }) },
    body,
  );
}

async function transfer(from: Party, to: Party, amount: bigint, nonce?: number) {
  const send = async () => {
    const update = AccountUpdate.createSigned(from.address);
    update.send({ to: to.address, amount: UInt64.from(amount) });
  };
  return (await build(from, send, nonce)).sign([from.key]);
}

async function balance({ address }: Party): Promise<bigint | undefined> {
  return (await fetchAccount({ publicKey: address })).account?.balance.toBigInt();
}

describe('one block for each command', () => {
  before(async () => {
    chain = await startChain(['--no-proofs']);
    connect();
  });

  test('it says what it is', async () => {
    assert.deepEqual(Object.keys(chain.ready).slice(0, 4), ['ready', 'archive', 'faucet', 'slots']);
    const { data } = await chain.query(
      '{ syncStatus networkID daemonStatus { consensusConfiguration { slotDuration } } }',
    );
    assert.equal(data.syncStatus, 'SYNCED');
    assert.equal(data.networkID, 'mina:devnet');
    assert.equal(data.daemonStatus.consensusConfiguration.slotDuration, 180_000);
  });

  test('the faucet opens an account and fills it again', async () => {
    const who = party();
    const address = who.address.toBase58();
    assert.equal((await chain.post('/faucet', { address })).balance, String(1000n * MINA));
    assert.equal(
      (await chain.post('/faucet', { address, amount: '5' })).balance,
      String(1000n * MINA + 5n),
    );
    assert.match(
      (await chain.post('/faucet', { address: 'B62' })).errors[0].message,
      /address is not valid/,
    );
    assert.match(
      (await chain.post('/faucet', { address, amount: '0' })).errors[0].message,
      /amount is not nanomina/,
    );
  });

  test('an account that is not there is a 404 for the client', async () => {
    const { error } = await fetchAccount({ publicKey: party().address });
    assert.equal(error?.statusCode, 404);
  });

  test('a client sends, waits for inclusion and reads the new balance', async () => {
    const [from, to] = [await funded(), await funded()];
    const pending = await (await transfer(from, to, MINA)).send();
    const included = await pending.wait(WAIT);
    assert.equal(included.status, 'included');
    assert.equal(await balance(to), 1001n * MINA);
    const { data } = await chain.query(
      `{ transactionStatus(zkappTransaction: "${pending.hash}") }`,
    );
    assert.equal(data.transactionStatus, 'INCLUDED');
  });

  test('a command that fails when it is applied is included, charged, and says why', async () => {
    const [from, to] = [await funded(), await funded()];
    const pending = await (await transfer(from, to, 5000n * MINA)).send();
    await assert.rejects(pending.wait(WAIT), /Overflow/);
    assert.equal(await balance(from), 1000n * MINA - MINA / 10n);
    assert.equal(await balance(to), 1000n * MINA);
  });

  test('a failed precondition on the state names the field, as a node does', async () => {
    const who = await funded();
    const tx = await build(who, async () => {
      const update = AccountUpdate.createSigned(who.address);
      update.body.preconditions.account.state[3]!.isSome = Bool(true);
      update.body.preconditions.account.state[3]!.value = Field(1);
    });
    const { hash } = await tx.sign([who.key]).send();
    const { data } = await chain.query(
      '{ bestChain(maxLength: 1) { transactions { zkappCommands { hash failureReason { index failures } } } } }',
    );
    const failureReason = [
      { index: '1', failures: ['Account_app_state_3_precondition_unsatisfied'] },
    ];
    assert.deepEqual(data.bestChain[0].transactions.zkappCommands, [{ hash, failureReason }]);
  });

  const refused: [
    string,
    (from: Party, to: Party) => Promise<Mina.Transaction<false, true>>,
    RegExp,
  ][] = [
    [
      'with another nonce',
      (from, to) => transfer(from, to, 1n, 7),
      /another nonce: expected 0, got 7/,
    ],
    [
      'that is signed with another key',
      async (from, to) => {
        const tx = await build(from, async () => {});
        return tx.sign([Object.assign(to.key, {})]);
      },
      /Invalid signature on fee payer/,
    ],
    [
      'of an account that is not there',
      (_, to) => transferFromNobody(to),
      /fee payer has no account/,
    ],
  ];
  for (const [name, make, message] of refused) {
    test(`a command ${name} is refused`, async () => {
      const [from, to] = [await funded(), await funded()];
      const tx = await make(from, to);
      await assert.rejects(tx.send(), message);
      assert.equal(await balance(from), 1000n * MINA);
    });
  }

  async function transferFromNobody(to: Party) {
    const tx = await transfer(to, to, 1n);
    tx.transaction.feePayer.body.publicKey = party().address;
    return tx;
  }

  test('A1: one answer has every property of an account, with the transaction version', async () => {
    const [payer, zkapp] = [await funded(), party()];
    const { hash } = await openContract(payer, zkapp);
    const { data } =
      await chain.query(`{ syncStatus networkID account(publicKey: "${zkapp.address.toBase58()}") {
      publicKey token nonce inferredNonce balance { total blockHeight stateHash } delegateAccount { publicKey } zkappState zkappUri
      permissions { editState send receive access setTiming setVerificationKey { auth txnVersion } }
      timing { initialMinimumBalance cliffTime cliffAmount vestingPeriod vestingIncrement } verificationKey { hash } } }`);
    const { account } = data;
    assert.deepEqual(account.permissions, {
      editState: 'Proof',
      send: 'Proof',
      receive: 'None',
      access: 'Proof',
      setTiming: 'Impossible',
      setVerificationKey: {
        auth: 'Impossible',
        txnVersion: TransactionVersion.current().toString(),
      },
    });
    assert.deepEqual(Object.values(account.timing), [null, null, null, null, null]);
    assert.equal(account.verificationKey.hash, hash);
    assert.equal(account.zkappState.length, 8);
    assert.equal(account.token, 'wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf');
    assert.equal(account.zkappUri, 'https://zkapp.example');
  });

  /** A contract's account, as a contract's own tools would open it. */
  async function openContract(payer: Party, { key, address }: Party): Promise<{ hash: string }> {
    const { data, hash } = await VerificationKey.dummy();
    const tx = await build(payer, async () => {
      AccountUpdate.fundNewAccount(payer.address);
      const update = AccountUpdate.create(address);
      update.requireSignature();
      update.account.verificationKey.set({ data, hash });
      update.account.zkappUri.set('https://zkapp.example');
      update.account.permissions.set({
        ...Permissions.allImpossible(),
        editState: Permissions.proof(),
        send: Permissions.proof(),
        receive: Permissions.none(),
        access: Permissions.proof(),
      });
    });
    await (await tx.sign([payer.key, key]).send()).wait(WAIT);
    return { hash: hash.toString() };
  }

  test("a token's accounts and its owner are found by the token's id", async () => {
    const [owner, holder] = [await funded(), party()];
    const token = TokenId.derive(owner.address);
    const asked = `tokenAccounts(tokenId: "${TokenId.toBase58(token)}") { publicKey token balance { total } }
      tokenOwner(tokenId: "${TokenId.toBase58(token)}") { publicKey token tokenSymbol }`;
    assert.deepEqual((await chain.query(`{ ${asked} }`)).data.tokenAccounts, []);
    const tx = await build(owner, async () => {
      AccountUpdate.fundNewAccount(owner.address);
      const update = AccountUpdate.createSigned(owner.address);
      const minted = AccountUpdate.create(holder.address, token);
      minted.balance.addInPlace(7);
      update.approve(minted);
    });
    await (await tx.sign([owner.key]).send()).wait(WAIT);
    const { data } = await chain.query(`{ ${asked} }`);
    const [publicKey, id] = [holder.address.toBase58(), TokenId.toBase58(token)];
    assert.deepEqual(data.tokenAccounts, [{ publicKey, token: id, balance: { total: '7' } }]);
    assert.equal(data.tokenOwner.publicKey, owner.address.toBase58());
    const nobodys = TokenId.toBase58(TokenId.derive(party().address));
    const { data: none } = await chain.query(
      `{ tokenAccounts(tokenId: "${nobodys}") { token } tokenOwner(tokenId: "${nobodys}") { token } }`,
    );
    assert.deepEqual(none, { tokenAccounts: [], tokenOwner: null });
  });

  test('events are kept in order, and those of failed commands are not', async () => {
    const [who, to] = [await funded(), await funded()];
    for (const [value, amount] of [
      [1, 1n],
      [2, 5000n * MINA],
      [3, 1n],
    ] as const) {
      const tx = await build(who, async () => {
        const update = AccountUpdate.createSigned(who.address);
        const event = [Field(value), Field(7)];
        update.body.events = AccountUpdate.Events.pushEvent(update.body.events, event);
        update.send({ to: to.address, amount: UInt64.from(amount) });
      });
      const { status } = await (await tx.sign([who.key]).send()).safeWait(WAIT);
      assert.equal(status, value === 2 ? 'rejected' : 'included');
    }
    for (let again = 0; again < 2; again++) {
      const events = await Mina.fetchEvents(who.address, Field(1));
      assert.deepEqual(
        events.map(({ events }) => events[0]?.data),
        [
          ['1', '7'],
          ['3', '7'],
        ],
      );
    }
    const heights = (await Mina.fetchEvents(who.address, Field(1))).map(
      ({ blockHeight }) => blockHeight,
    );
    const later = await Mina.fetchEvents(who.address, Field(1), { from: heights[0]!.add(1) });
    assert.equal(later.length, 1);
  });

  test('actions re-hash to the state that the account has', async () => {
    const who = await funded();
    for (const value of [1, 2]) {
      const tx = await build(who, async () => {
        const update = AccountUpdate.createSigned(who.address);
        update.body.actions = AccountUpdate.Actions.pushEvent(update.body.actions, [Field(value)]);
      });
      await (await tx.sign([who.key]).send()).wait(WAIT);
    }
    const actions = (await Mina.fetchActions(who.address)) as {
      actions: string[][];
      hash: string;
    }[];
    assert.deepEqual(
      actions.map(({ actions }) => actions),
      [[['1']], [['2']]],
    );
    const { account } = await fetchAccount({ publicKey: who.address });
    assert.equal(account?.zkapp?.actionState[0]?.toString(), actions[1]?.hash);
    const rest = await Mina.fetchActions(who.address, { fromActionState: Field(actions[0]!.hash) });
    assert.equal((rest as unknown[]).length, 1);
  });

  test('slots move when asked, and preconditions see them', async () => {
    const who = await funded();
    const { slot } = await chain.post('/slots', { count: 100 });
    const block = await fetchLastBlock();
    assert.equal(block.globalSlotSinceGenesis.toString(), String(slot));
    const at = (lower: number) =>
      build(who, async () => {
        const update = AccountUpdate.createSigned(who.address);
        update.network.globalSlotSinceGenesis.requireBetween(UInt32.from(lower), UInt32.MAXINT());
      });
    const early = await (await at(slot + 1)).sign([who.key]).send();
    await assert.rejects(early.wait(WAIT), /Protocol_state_precondition_unsatisfied/);
    await fetchAccount({ publicKey: who.address });
    const inTime = await (await at(slot + 1)).sign([who.key]).send();
    assert.equal((await inTime.wait(WAIT)).status, 'included');
    assert.match(
      (await chain.post('/slots', { count: 0 })).errors[0].message,
      /count is not a number/,
    );
  });

  test("A5: validWhile is about the slot of a command's own block, preconditions about its parent", async () => {
    const who = await funded();
    const at = async (upper: number, parent: number) => {
      const tx = await build(who, async () => {
        const update = AccountUpdate.createSigned(who.address);
        update.currentSlot.requireBetween(UInt32.zero, UInt32.from(upper));
        update.network.globalSlotSinceGenesis.requireBetween(UInt32.zero, UInt32.from(parent));
      });
      return await tx.sign([who.key]).send();
    };
    const { slot } = await chain.post('/slots', { count: 50, empty: true });
    assert.equal((await fetchLastBlock()).globalSlotSinceGenesis.toString(), String(slot));
    await assert.rejects(
      at(slot + 50, slot),
      new RegExp(`Valid_while.*: expected slot 0 to ${slot + 50}, got ${slot + 51}`),
    );
    assert.equal((await (await at(slot + 51, slot)).wait(WAIT)).status, 'included');
    assert.equal((await fetchLastBlock()).globalSlotSinceGenesis.toString(), String(slot + 51));
    await fetchAccount({ publicKey: who.address });
    assert.equal((await (await at(slot + 52, slot + 51)).wait(WAIT)).status, 'included');
  });

  test('plain payments are refused in words', async () => {
    const { errors } = await chain.query(
      'mutation { sendPayment(input: {from: "a", to: "b", amount: "1", fee: "1"}) { payment { id } } }',
    );
    assert.match(errors[0].message, /no plain payments/);
  });

  const bad: [string, string, unknown, number, RegExp][] = [
    ['an unknown query', '/graphql', { query: '{ secrets }' }, 200, /Cannot query field "secrets"/],
    ['a syntax error', '/graphql', { query: '{' }, 200, /Syntax Error/],
    ['no query', '/graphql', {}, 400, /has no query/],
    ['no JSON', '/graphql', 'query', 400, /not JSON/],
    ['a list', '/graphql', [], 400, /not a JSON object/],
    [
      'an oversized body',
      '/graphql',
      { query: 'x'.repeat(1_000_001) },
      413,
      /too large: expected at most 1000000/,
    ],
    ['another address', '/other', {}, 404, /no such address/],
    [
      'a command without updates',
      '/graphql',
      { query: 'mutation { sendZkapp(input: {zkappCommand: {memo: ""}}) { zkapp { id } } }' },
      200,
      /cannot be read/,
    ],
  ];
  for (const [name, path, body, status, message] of bad) {
    test(`${name} gets a clear error`, async () => {
      const answer = await chain.post(path, body);
      assert.match(answer.errors[0].message, message);
      assert.equal(answer.status, status);
    });
  }

  test('a chain goes on after a crash, and drops a line that was cut short', async () => {
    const who = await funded();
    const before = await tip();
    await restart('{"kind":"blo');
    assert.deepEqual(await tip(), before);
    assert.equal(await balance(who), 1000n * MINA);
    const pending = await (await transfer(who, who, 1n)).send();
    assert.equal((await pending.wait(WAIT)).status, 'included');
    const later = await tip();
    await restart('');
    assert.deepEqual(await tip(), later);
  });

  async function restart(cutShort: string) {
    await chain.kill();
    appendFileSync(join(chain.folder, 'chain.jsonl'), cutShort);
    chain = await startChain(['--no-proofs'], chain.folder);
    connect();
  }

  async function tip() {
    const { data } = await chain.query(
      '{ bestChain(maxLength: 1) { stateHash protocolState { consensusState { blockHeight } } } }',
    );
    return data.bestChain[0];
  }
});

describe('a block from time to time', () => {
  before(async () => {
    await chain.stop();
    chain = await startChain(['--no-proofs', '--block-ms', '1500']);
    connect();
  });

  test('a command is pending and not seen until its block is there', async () => {
    const who = party();
    const address = who.address.toBase58();
    const { hash, balance: early } = await chain.post('/faucet', { address });
    assert.equal(early, null);
    const status = `{ transactionStatus(zkappTransaction: "${hash}") pooledZkappCommands { hash } }`;
    assert.deepEqual((await chain.query(status)).data, {
      transactionStatus: 'PENDING',
      pooledZkappCommands: [{ hash }],
    });
    assert.equal(await balance(who), undefined);
    await chain.post('/slots', { count: 1 });
    assert.equal((await chain.query(status)).data.transactionStatus, 'INCLUDED');
    assert.equal(await balance(who), 1000n * MINA);
  });
});
