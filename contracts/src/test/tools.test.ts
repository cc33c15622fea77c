import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AccountUpdate,
  Field,
  Mina,
  Permissions,
  PrivateKey,
  Signature,
  TokenId,
  UInt32,
  UInt64,
} from 'o1js';
import '../backend.js';
import { credentialHash, eventToBytes } from '../credential.js';
import { dueFields, exitFields, receiptsRoot, voucherFields, withdrawFields } from '../fields.js';
import { Request } from '../tools/request.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { type Outcome, runTool } from './tool_process.js';
import { DEVNET, MINA, party } from './world.js';

const [buyer, seller, operator, oracle, stranger] = Array.from({ length: 5 }, party) as ReturnType<
  typeof party
>[];
const account = party();
const offer = party();
const terms = {
  network: 'mina:devnet',
  asset: TokenId.toBase58(TokenId.default),
  ledger: '12345678901234567890',
  seller: seller!.address.toBase58(),
  operator: operator!.address.toBase58(),
  operator_share: 250,
  oracle: oracle!.address.toBase58(),
  exit_delay: 20,
};
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  for (const who of [buyer, seller, operator, stranger]) {
    await chain.post('/faucet', { address: who!.address.toBase58() });
  }
});
after(() => chain.stop());

async function tool(name: string, payer: { key: PrivateKey }, request: object): Promise<Outcome> {
  const common = {
    node: chain.url,
    payer_key: payer.key.toBase58(),
    proofs: false,
    poll_ms: 100,
    wait_seconds: 20,
  };
  return await runTool(name, JSON.stringify({ ...common, ...request }));
}

function statements(due: bigint, count: number, limit = due) {
  const callHash = Field(5);
  const treeRoot = Field(due);
  const voucher = voucherFields(
    DEVNET,
    account.address,
    TokenId.default,
    UInt64.from(limit),
    callHash,
  );
  const signed = dueFields(
    DEVNET,
    account.address,
    TokenId.default,
    UInt64.from(due),
    receiptsRoot(treeRoot, Field(count)),
  );
  return {
    account: account.address.toBase58(),
    terms,
    voucher: {
      limit: limit.toString(),
      call_hash: callHash.toString(),
      signature: Signature.create(buyer!.key, voucher).toBase58(),
    },
    due: {
      due: due.toString(),
      tree_root: treeRoot.toString(),
      count,
      signature: Signature.create(oracle!.key, signed).toBase58(),
    },
  };
}

async function balance({ address }: ReturnType<typeof party>): Promise<bigint> {
  const { data } = await chain.query(
    `{ account(publicKey: "${address.toBase58()}") { balance { total } } }`,
  );
  return BigInt(data.account.balance.total);
}

describe('an account from opening to leaving', () => {
  test('open: signatures only', async () => {
    const request = { account_key: account.key.toBase58(), terms, deposit: String(10n * MINA) };
    const { code, result, stderr } = await tool('open', buyer!, request);
    assert.equal(result.status, 'included', JSON.stringify(result));
    assert.equal(code, 0);
    assert.equal(result.account, account.address.toBase58());
    assert.equal(await balance(account), 10n * MINA);
    assert.match(stderr, /^\{"progress":"sending"\}$/m);
    assert.doesNotMatch(stderr, /proving/);
  });

  test('open: an open account is refused', async () => {
    const request = { account_key: account.key.toBase58(), terms, deposit: '1' };
    const { code, result } = await tool('open', buyer!, request);
    assert.equal(code, 1);
    assert.deepEqual(
      [result.error.type, result.error.detail],
      ['already-open', `nothing was paid: ${account.address.toBase58()}`],
    );
  });

  test('open: a payer with too little pays no fee for nothing', async () => {
    const before = await balance(buyer!);
    const deposit = String(BigInt(before) - MINA);
    const request = { account_key: party().key.toBase58(), terms, deposit };
    const { result } = await tool('open', buyer!, request);
    assert.equal(result.error.type, 'too-little');
    assert.match(result.error.detail, /^expected at least \d+(\.\d+)? MINA, got \d+(\.\d+)? MINA$/);
    assert.equal(await balance(buyer!), before);
  });

  test('A1: open: an operator that takes no payments is refused', async () => {
    const hermit = party();
    await chain.post('/faucet', { address: hermit.address.toBase58() });
    Mina.setActiveInstance(Mina.Network(chain.url));
    const tx = await Mina.transaction({ sender: hermit.address, fee: 1e8 }, async () => {
      const update = AccountUpdate.createSigned(hermit.address);
      update.account.permissions.set({
        ...Permissions.initial(),
        receive: Permissions.impossible(),
      });
    });
    await tx.sign([hermit.key]).send();
    const other = { ...terms, operator: hermit.address.toBase58() };
    const request = { account_key: party().key.toBase58(), terms: other, deposit: '1' };
    const { result } = await tool('open', buyer!, request);
    assert.equal(result.error.type, 'wrong-account');
    assert.match(result.error.detail, /the operator does not take payments from anyone/);
  });

  test('topup: anyone pays, and the same nonce pays once', async () => {
    const { data } = await chain.query(
      `{ account(publicKey: "${stranger!.address.toBase58()}") { nonce } }`,
    );
    const half = String(MINA / 2n);
    const request = {
      account: account.address.toBase58(),
      amount: half,
      nonce: Number(data.account.nonce),
    };
    const { code, result } = await tool('topup', stranger!, request);
    assert.deepEqual(
      [code, result.status, result.amount],
      [0, 'included', half],
      JSON.stringify(result),
    );
    const again = await tool('topup', stranger!, request);
    assert.equal(again.result.error.type, 'refused');
    assert.match(again.result.error.detail, /another nonce/);
    assert.equal(await balance(account), 10n * MINA + MINA / 2n);
  });

  test('topup: an account of other code gets nothing', async () => {
    const before = await balance(seller!);
    const request = { account: seller!.address.toBase58(), amount: '1' };
    const { result } = await tool('topup', stranger!, request);
    assert.equal(result.error.type, 'wrong-account');
    assert.match(result.error.detail, /other code/);
    assert.equal(await balance(seller!), before);
  });

  test('A6: settle pays once, and says so when it is run again or late', async () => {
    const { result } = await tool('settle', seller!, statements(2n * MINA, 1));
    assert.deepEqual(
      [result.status, result.settled, result.attempts],
      ['included', String(2n * MINA), 1],
      JSON.stringify(result),
    );
    for (const due of [2n * MINA, MINA]) {
      const again = await tool('settle', seller!, statements(due, 1));
      assert.deepEqual(again.result, { status: 'already-settled', spent: String(2n * MINA) });
      assert.equal(again.code, 0);
    }
  });

  test('A6: settle in parallel pays once, also with one payer', async () => {
    const before = await balance(account);
    const request = statements(4n * MINA, 2);
    const payers = [seller!, seller!, stranger!];
    const outcomes = await Promise.all(payers.map((payer) => tool('settle', payer, request)));
    const paid = outcomes.filter(({ result }) => result.status === 'included');
    const late = outcomes.filter(({ result }) => result.status === 'already-settled');
    assert.deepEqual(
      [paid.length, late.length],
      [1, 2],
      JSON.stringify(outcomes.map(({ result }) => result)),
    );
    assert.equal(before - (await balance(account)), 2n * MINA - MINA / 20n);
  });

  const unowed: [string, () => object, string, RegExp][] = [
    [
      'a due above the limit',
      () => statements(6n * MINA, 3, 5n * MINA),
      'not-owed',
      /above the voucher/,
    ],
    [
      'more than the account holds',
      () => statements(11n * MINA, 3),
      'not-owed',
      /holds too little/,
    ],
    [
      'a forged due',
      () => ({ ...statements(6n * MINA, 3), due: { ...statements(6n * MINA, 3).due, count: 4 } }),
      'not-owed',
      /due is not signed/,
    ],
    [
      'a forged voucher',
      () => ({
        ...statements(6n * MINA, 3),
        voucher: { ...statements(6n * MINA, 3).voucher, limit: String(7n * MINA) },
      }),
      'not-owed',
      /voucher is not signed/,
    ],
    [
      'other terms',
      () => ({ ...statements(6n * MINA, 3), terms: { ...terms, operator_share: 0 } }),
      'wrong-account',
      /other terms/,
    ],
    [
      'an account of other code',
      () => ({ ...statements(6n * MINA, 3), account: buyer!.address.toBase58() }),
      'wrong-account',
      /other code/,
    ],
    [
      'an account that is not there',
      () => ({ ...statements(6n * MINA, 3), account: oracle!.address.toBase58() }),
      'account-missing',
      /no account/,
    ],
    [
      'a node that is not there',
      () => ({ ...statements(6n * MINA, 3), node: 'http://127.0.0.1:9/graphql' }),
      'node-unavailable',
      /^node: expected its networkID, got fetch failed$/,
    ],
  ];
  for (const [name, request, type, detail] of unowed) {
    test(`settle: ${name} is told before any proof`, async () => {
      const { code, result } = await tool('settle', seller!, request());
      assert.equal(code, 1);
      assert.equal(result.error.type, type);
      assert.match(result.error.detail, detail);
    });
  }

  test('A5: an exit that is signed for a slot out of reach is refused before the proof', async () => {
    const request = { account: account.address.toBase58(), terms };
    const far = { ...request, buyer_key: buyer!.key.toBase58(), latest: 2 ** 31 };
    const { result } = await tool('exit', buyer!, far);
    assert.match(result.error.detail, /^latest: expected a whole number from \d+ to \d{3,4}$/);
    const { result: forged } = await tool('exit', stranger!, {
      ...request,
      buyer_key: stranger!.key.toBase58(),
    });
    assert.match(forged.error.detail, /exit is not signed by the buyer/);
  });

  test('A5: exit with the key or a signature, and no withdrawal before the slot is reached', async () => {
    const request = { account: account.address.toBase58(), terms };
    assert.equal(
      (await tool('withdraw', buyer!, request)).result.error.detail,
      'the exit was not requested',
    );
    const latest = 500;
    const signature = Signature.create(
      buyer!.key,
      exitFields(DEVNET, account.address, TokenId.default, UInt32.from(latest)),
    ).toBase58();
    const { result } = await tool('exit', stranger!, { ...request, latest, signature });
    assert.deepEqual([result.status, result.exit_slot], ['included', 520], JSON.stringify(result));
    const again = await tool('exit', buyer!, { ...request, buyer_key: buyer!.key.toBase58() });
    assert.deepEqual(again.result, { status: 'already-requested', exit_slot: 520 });
    assert.match(
      (await tool('topup', buyer!, { ...request, amount: '1' })).result.error.detail,
      /exit was requested: expected exit slot 0, got 520/,
    );
    const own = { ...request, buyer_key: buyer!.key.toBase58() };
    assert.match(
      (await tool('withdraw', buyer!, own)).result.error.detail,
      /not reached: expected 520/,
    );
    await chain.post('/slots', { count: 520 });
  });

  test('A12: withdraw takes the key or a signature of the buyer; what they signed moves once', async () => {
    const request = { account: account.address.toBase58(), terms };
    const { result: forged } = await tool('withdraw', stranger!, {
      ...request,
      buyer_key: stranger!.key.toBase58(),
    });
    assert.equal(forged.error.type, 'wrong-account');
    assert.match(forged.error.detail, /withdrawal is not signed by the buyer .*: expected B62/);
    const list = withdrawFields(
      DEVNET,
      account.address,
      TokenId.default,
      UInt32.from(520),
      UInt64.one,
    );
    const signature = Signature.create(buyer!.key, list).toBase58();
    const one = { ...request, amount: '1', signature };
    assert.equal((await tool('withdraw', stranger!, one)).result.status, 'included');
    assert.match(
      (await tool('withdraw', stranger!, one)).result.error.detail,
      /withdrawal is not signed by the buyer/,
    );
    const left = await balance(account);
    const own = { ...request, buyer_key: buyer!.key.toBase58() };
    const withdrawn = await tool('withdraw', stranger!, own);
    assert.equal(
      withdrawn.result.amount,
      String(left - MINA / 10n),
      JSON.stringify(withdrawn.result),
    );
    assert.equal((await tool('withdraw', stranger!, own)).result.status, 'already-withdrawn');
  });

  test('A7: the operator is paid after that', async () => {
    const request = { account: account.address.toBase58(), terms };
    assert.equal(
      (await tool('pay-operator', operator!, request)).result.amount,
      String(MINA / 10n),
    );
    assert.deepEqual((await tool('pay-operator', operator!, request)).result, {
      status: 'already-paid',
      amount: '0',
    });
    assert.equal(await balance(account), 0n);
  });
});

describe('an offer from opening to closing', () => {
  const credential = { endpoint: 'https://calls.example', sealed: 'c2VhbGVk' };
  const request = {
    offer_key: offer.key.toBase58(),
    terms,
    offer_hash: '42',
    uri: 'https://offers.example/42.json',
    credential,
  };

  test('A11: offer puts the credential in the opening event that the state names', async () => {
    const { result } = await tool('offer', operator!, request);
    assert.equal(result.status, 'included', JSON.stringify(result));
    const { data } = await chain.query(
      `{ events(input: { address: "${result.offer}" }) { eventData { data } } account(publicKey: "${result.offer}") { zkappState } }`,
    );
    const bytes = eventToBytes(data.events[0].eventData[0].data.map(Field));
    assert.equal(new TextDecoder().decode(bytes), JSON.stringify(credential));
    assert.equal(credentialHash(bytes).toString(), data.account.zkappState[2]);
    assert.equal(result.credential_hash, data.account.zkappState[2]);
  });

  test('offer: asked again after a lost answer, it finds what is there and pays nothing', async () => {
    const before = await balance(operator!);
    const { result } = await tool('offer', operator!, request);
    assert.equal(result.status, 'already-open', JSON.stringify(result));
    assert.equal(result.offer, offer.address.toBase58());
    assert.equal(await balance(operator!), before);
  });

  for (const [what, other] of [
    ['offer', { offer_hash: '43' }],
    ['terms', { terms: { ...terms, exit_delay: 21 } }],
    ['credential', { credential: { ...credential, sealed: 'b3RoZXI=' } }],
  ] as const)
    test(`offer: a contract that is open with another ${what} is refused`, async () => {
      const { code, result } = await tool('offer', operator!, { ...request, ...other });
      assert.deepEqual([code, result.error?.type], [1, 'wrong-account'], JSON.stringify(result));
      assert.match(result.error.detail, /open with another offer, terms or credential/);
    });

  test('A4: close needs the seller, and works once', async () => {
    const request = { offer: offer.address.toBase58(), terms };
    const forged = await tool('close', operator!, {
      ...request,
      seller_key: operator!.key.toBase58(),
    });
    assert.deepEqual([forged.code, forged.result.error.type], [1, 'proof-failed']);
    assert.match(forged.result.error.detail, /not signed by the seller/);
    const { result } = await tool('close', operator!, {
      ...request,
      seller_key: seller!.key.toBase58(),
    });
    assert.equal(result.status, 'included', JSON.stringify(result));
    assert.deepEqual(
      (await tool('close', operator!, { ...request, seller_key: seller!.key.toBase58() })).result,
      { status: 'already-closed' },
    );
  });
});

describe('bad requests', () => {
  const P = 0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001n;
  const EMPTY = 'B62qiTKpEPjGTSHZrtM8uXiKgn8So916pLmNJKDhKeyBQL9TDb3nvBG';
  const bad: [string, (request: Request) => unknown, object, RegExp][] = [
    [
      'a field that is not below p',
      (r) => r.terms(),
      { terms: { ...terms, ledger: P.toString() } },
      /terms.ledger: expected decimal text below/,
    ],
    [
      'a share above 10000',
      (r) => r.terms(),
      { terms: { ...terms, operator_share: 10_001 } },
      /terms.operator_share: expected a whole number from 0 to 10000/,
    ],
    ...[13_441, 2 ** 31, 2 ** 32 - 1].map(
      (exit_delay): [string, (request: Request) => unknown, object, RegExp] => [
        `an exit delay of ${exit_delay} slots`,
        (r) => r.terms(),
        { terms: { ...terms, exit_delay } },
        /terms.exit_delay: expected a whole number from 1 to 13440/,
      ],
    ),
    [
      'an empty key',
      (r) => r.terms(),
      { terms: { ...terms, seller: EMPTY } },
      /terms.seller: expected a public key/,
    ],
    [
      'another network',
      (r) => r.terms(),
      { terms: { ...terms, network: 'mina:other' } },
      /terms.network: expected mina:devnet or mina:mainnet/,
    ],
    [
      'an amount above 64 bits',
      (r) => r.amount('deposit'),
      { deposit: (2n ** 64n).toString() },
      /deposit: expected decimal text below/,
    ],
    ['an amount as a number', (r) => r.amount('deposit'), { deposit: 1 }, /deposit: expected text/],
    [
      'a node that is a file',
      (r) => r.url('node'),
      { node: 'file:///etc/passwd' },
      /node: expected an http or https address/,
    ],
  ];
  for (const [name, read, request, message] of bad) {
    test(`A1: ${name} is refused`, () => {
      assert.throws(() => read(Request.parse(JSON.stringify(request))), message);
    });
  }

  test('A5: an exit delay at its bound is read, and a longer one by whoever leaves', () => {
    const read = (exit_delay: number) =>
      Request.parse(JSON.stringify({ terms: { ...terms, exit_delay } }));
    assert.equal(read(13_440).terms().exitDelay.toBigint(), 13_440n);
    assert.equal(
      read(2 ** 31)
        .termsToLeave()
        .exitDelay.toBigint(),
      2n ** 31n,
    );
  });

  test('keys are in no output, not even when they are wrong', async () => {
    const key = `${buyer!.key.toBase58()}x`;
    const { result, stderr } = await tool('open', buyer!, {
      account_key: key,
      terms,
      deposit: '1',
    });
    assert.deepEqual(result.error.detail, 'account_key: expected a private key');
    assert.ok(!stderr.includes(key.slice(0, 20)));
    const { result: broken } = await runTool('open', `{"payer_key": "${key}"`);
    assert.deepEqual(broken.error.detail, 'the request is not JSON');
  });
});
