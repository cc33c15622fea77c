/**
 * What a seller who lies, an oracle key in the wrong hands or a stranger can give a fold's step, each value a witness. A row is an
 * attack: what it changes, and the condition of ADR 41 that refuses it.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Field, Signature, UInt32, UInt64, Unconstrained, initializeBindings } from 'o1js';
import { exitFields, textField, voucherFields, withdrawFields } from '../fields.js';
import { ProvedCall, provedCallHash } from '../fold/call.js';
import { SettledCalls } from '../fold/settled.js';
import { Said, TokenStatement, keyRoot } from '../token/statement.js';
import {
  CREDIT,
  EXPIRES,
  FOREIGN_KEY,
  ISSUER,
  PRICES,
  type Step,
  type VoucherLies,
  account,
  added,
  buyer,
  context,
  keyPath,
  operator,
  pricePath,
  seller,
  signed,
  statement,
  step,
  stranger,
  terms,
} from './proved_calls.js';
import { MINA, party } from './world.js';

const OTHER_CALL = /the token is about another call/;
const NOT_SIGNED = /the call is not signed by the buyer/;
const NO_KEY = /the token has no key of these terms/;
const NOT_DONE = /the token does not say that the call is done/;
const TWICE = /Key already exists in the tree/;
const TWO_DAYS = 172_800;
const MAINNET = textField('mina:mainnet');

before(async () => await initializeBindings());

type Attack = [name: string, attack: () => Step, refusal: RegExp];

function refused(...attacks: Attack[]): void {
  for (const [name, attack, refusal] of attacks)
    test(`A16: ${name}`, async () => await assert.rejects(added(attack()), refusal));
}

const token = (changes: Partial<TokenStatement>): Step => {
  const one = step();
  return { ...one, token: new TokenStatement({ ...one.token, ...changes }) };
};
/** The call is opened differently; token and voucher stay those of the honest one. */
const opened = (changes: Partial<ProvedCall>): Step => {
  const one = step();
  return { ...one, call: new ProvedCall({ ...one.call, ...changes }) };
};
/** Everything honest but what the buyer signed. */
const voucher = (lies: VoucherLies): Step => {
  const one = step();
  return { ...one, call: signed(one.call, one.terms, one.context, one.token.subject, lies) };
};
const signature = (key: typeof buyer.key, list: Field[]): Step =>
  opened({ signature: Signature.create(key, list) });
/** Call and voucher that a seller invents, with a token for it. */
const invented = (making: Parameters<typeof step>[0], key = seller.key): Step => {
  const one = step(making);
  return { ...one, call: signed(one.call, one.terms, one.context, one.token.subject, { key }) };
};

describe('an honest call', () => {
  test('is added with the price of its offer in the asset of the terms', async () => {
    assert.equal((await added(step())).price, 2n * MINA);
    const inCredit = step({ terms: terms({ asset: CREDIT }) });
    assert.equal((await added(inCredit)).price, 5n);
  });
  test('may end at the last second that its offer allows, and not one later', async () => {
    await added(token({ iat: Field(EXPIRES + TWO_DAYS) }));
    await assert.rejects(added(token({ iat: Field(EXPIRES + TWO_DAYS + 1) })), /after the end of/);
  });
  test('is signed by each of the keys of the terms', async () => {
    for (const [i, key] of ISSUER.entries()) {
      const one = token({ key });
      const call = new ProvedCall({ ...one.call, keyPath: keyPath(ISSUER, i) });
      await added({ ...one, call });
    }
  });
  test('costs what its offer says, whatever limit the voucher names', async () => {
    assert.equal((await added(step({ limit: 2n ** 64n - 1n }))).price, 2n * MINA);
  });
});

describe('a token', () => {
  refused(
    ['of another call', () => token({ subject: Field(9) }), OTHER_CALL],
    [
      'of another call by the same buyer',
      () => token({ subject: step({ nonce: 2 }).token.subject }),
      OTHER_CALL,
    ],
    [
      'with a call hash beside by one',
      () => token({ subject: step().token.subject.add(1) }),
      OTHER_CALL,
    ],
    ['of a key that the terms do not name', () => token({ key: FOREIGN_KEY }), NO_KEY],
    [
      'of a key of the terms, at another place',
      () => opened({ keyPath: keyPath(ISSUER, 0) }),
      NO_KEY,
    ],
    [
      "of another issuer's key, with that issuer's path",
      () => ({
        ...token({ key: FOREIGN_KEY }),
        call: new ProvedCall({ ...step().call, keyPath: keyPath([FOREIGN_KEY], 0) }),
      }),
      NO_KEY,
    ],
    ['of the root itself as a key', () => token({ key: keyRoot(ISSUER) }), NO_KEY],
    ['of other facts', () => token({ facts: Field(78) }), /other facts than the offer/],
    ['of no facts', () => token({ facts: Field(0) }), /other facts than the offer/],
    ['of a job that is not the last', () => token({ said: Field(Said.call) }), NOT_DONE],
    ['about the tree of a commit', () => token({ said: Field(Said.tree) }), NOT_DONE],
    ['that says what none can say', () => token({ said: Field(7) }), NOT_DONE],
    ['issued a year later', () => token({ iat: Field(EXPIRES + 31_536_000) }), /after the end of/],
    [
      'issued beyond 64 bits',
      () => token({ iat: Field(2n ** 64n) }),
      /Equal 0 18446744073709551616$/,
    ],
    ['issued before 1970', () => token({ iat: Field(-1) }), new RegExp(`Equal \\d+ ${Field(-1)}$`)],
  );
});

describe('a call is the one that was made: its', () => {
  refused(
    ['document', () => opened({ digest: [Field(1), Field(2)] }), OTHER_CALL],
    ['inputs', () => opened({ inputsHash: Field(6) }), OTHER_CALL],
    ['nonce', () => opened({ nonce: Field(2) }), OTHER_CALL],
    ['later expiry', () => opened({ expiresAt: UInt64.from(EXPIRES + 1) }), OTHER_CALL],
    ['expiry at the end of 64 bits', () => opened({ expiresAt: UInt64.MAXINT() }), OTHER_CALL],
    ['higher price', () => opened({ price: UInt64.from(3n * MINA) }), OTHER_CALL],
    ['lower price', () => opened({ price: UInt64.from(1) }), OTHER_CALL],
    [
      "price of another asset of the offer, with that price's path",
      () => opened({ price: PRICES[1]!.amount, pricePath: pricePath(1) }),
      OTHER_CALL,
    ],
    ['price at another place', () => opened({ pricePath: pricePath(1) }), OTHER_CALL],
    [
      'facts, with a token of these other facts',
      () => ({ ...opened({ facts: Field(78) }), token: token({ facts: Field(78) }).token }),
      OTHER_CALL,
    ],
    ['account', () => ({ ...step(), context: context({ account: party().address }) }), OTHER_CALL],
    ['ledger', () => ({ ...step(), terms: terms({ ledger: Field(8) }) }), OTHER_CALL],
    ['network', () => ({ ...step(), terms: terms({ network: MAINNET }) }), OTHER_CALL],
    ['seller', () => ({ ...step(), terms: terms({ seller: stranger.address }) }), OTHER_CALL],
    [
      "operator's share",
      () => ({ ...step(), terms: terms({ operatorShare: UInt32.from(0) }) }),
      OTHER_CALL,
    ],
    ['exit delay', () => ({ ...step(), terms: terms({ exitDelay: UInt32.from(19) }) }), OTHER_CALL],
    ['oracle', () => ({ ...step(), terms: terms({ oracle: stranger.address }) }), OTHER_CALL],
    [
      "keys: terms with an attacker's own key",
      () => ({
        ...step(),
        terms: terms({ keys: keyRoot([FOREIGN_KEY]) }),
        token: token({ key: FOREIGN_KEY }).token,
        call: new ProvedCall({ ...step().call, keyPath: keyPath([FOREIGN_KEY], 0) }),
      }),
      OTHER_CALL,
    ],
    [
      'asset: terms in the other asset',
      () => ({ ...step(), terms: terms({ asset: CREDIT }) }),
      OTHER_CALL,
    ],
  );
});

describe('without the buyer no call counts: a call', () => {
  const exit = exitFields(terms().network, account.address, terms().asset, UInt32.from(5));
  const withdrawal = withdrawFields(
    terms().network,
    account.address,
    terms().asset,
    UInt32.from(5),
    UInt64.from(1),
  );
  const honest = step();
  const list = voucherFields(
    honest.terms.network,
    account.address,
    honest.terms.asset,
    honest.call.limit,
    honest.token.subject,
  );
  refused(
    ['that the seller invents', () => invented({ nonce: 9 }), NOT_SIGNED],
    ['that the operator invents', () => invented({ nonce: 9 }, operator.key), NOT_SIGNED],
    ["that is signed by the account's own key", () => invented({}, account.key), NOT_SIGNED],
    ['that a stranger signs', () => voucher({ key: stranger.key }), NOT_SIGNED],
    ['with the voucher of another call', () => voucher({ call: Field(9) }), NOT_SIGNED],
    ['with a voucher for another account', () => voucher({ account: party().address }), NOT_SIGNED],
    ['with a voucher in another asset', () => voucher({ asset: CREDIT }), NOT_SIGNED],
    [
      'with the voucher of a free call, whose asset is 0',
      () => voucher({ asset: Field(0) }),
      NOT_SIGNED,
    ],
    ['with a voucher of another network', () => voucher({ network: MAINNET }), NOT_SIGNED],
    [
      'with a higher limit than the signed one',
      () => opened({ limit: UInt64.from(11n * MINA) }),
      NOT_SIGNED,
    ],
    ['with a lower limit than the signed one', () => opened({ limit: UInt64.from(0) }), NOT_SIGNED],
    ['with the signature of an exit', () => signature(buyer.key, exit), NOT_SIGNED],
    ['with the signature of a withdrawal', () => signature(buyer.key, withdrawal), NOT_SIGNED],
    [
      'with a voucher from before vouchers named their asset',
      () =>
        signature(buyer.key, [textField('sealrun:voucher'), ...list.slice(1, 4), ...list.slice(5)]),
      NOT_SIGNED,
    ],
    [
      "on a stranger's account, with the stranger as the buyer",
      () => ({ ...step(), context: context({ buyer: stranger.address }) }),
      NOT_SIGNED,
    ],
    [
      'with a signature of zeros',
      () => opened({ signature: new Signature(Field(0), honest.call.signature.s) }),
      NOT_SIGNED,
    ],
  );
});

describe('no call is paid twice: it is refused', () => {
  const paid = (): SettledCalls => {
    const map = new SettledCalls();
    map.insert(step().token.subject, 1n);
    return map;
  };
  /** The true root, and leaves of an account that has not settled the call. */
  const lying = (data: SettledCalls): SettledCalls => {
    const map = paid();
    return Object.assign(map, { data: Unconstrained.from(data.data.get()) });
  };
  const longer = (length: number): SettledCalls => {
    const map = paid();
    map.length = Field(length);
    return map;
  };
  refused(
    ['where it is settled', () => step({ settled: paid() }), TWICE],
    [
      'with another token of the same call',
      () => ({
        ...step({ settled: paid() }),
        token: statement(step().token.subject, { iat: Field(EXPIRES), digestHigh: Field(1) }),
      }),
      TWICE,
    ],
    [
      'with another key of the issuer',
      () => {
        const one = token({ key: ISSUER[0]! });
        const call = new ProvedCall({ ...one.call, keyPath: keyPath(ISSUER, 0) });
        return { ...one, call, settled: paid() };
      },
      TWICE,
    ],
    [
      'with a second voucher of the buyer, of another limit',
      () => step({ settled: paid(), limit: 20n * MINA }),
      TWICE,
    ],
    [
      'where the leaves are those of another account',
      () => step({ settled: lying(new SettledCalls()) }),
      /Invalid low node \(root\)/,
    ],
    [
      'where the new leaf would overwrite one',
      () => ({ ...step({ nonce: 2, settled: longer(1) }) }),
      /Leaf is not empty/,
    ],
    [
      'where the map is full',
      () => ({ ...step({ nonce: 2, settled: longer(2 ** 20) }) }),
      /does not fit in 20 bits/,
    ],
  );

  test('and any other one is added, in any order', async () => {
    const [a, b] = [step({ nonce: 2 }), step({ nonce: 3 })];
    for (const [first, second] of [
      [a, b],
      [b, a],
    ] as const) {
      const settled = paid();
      settled.insert(first.token.subject, 1n);
      assert.ok((await added({ ...second, settled })).root);
      await assert.rejects(added({ ...first, settled }), TWICE);
    }
  });
});

test('the hash of a call is the one that the buyer signs', () => {
  const one = step();
  const again = provedCallHash(one.terms, one.context.account, one.call);
  assert.deepEqual(again.toBigInt(), one.token.subject.toBigInt());
});
