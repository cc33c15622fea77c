// Prepaid accounts as a Mina node tells them, and the properties that an account must have (A1), as sealrun.chain.account
// checks them. Everything is read from one answer, so no two properties come from two moments.
import { AccountRefused, NodeUnavailable } from '../errors.ts';
import { fieldHex } from '../fields.ts';
import { isObject, type JsonObject } from '../json.ts';
import { addressOfFields, isPublicKey, MINA, P, tokenOf } from '../mina.ts';
import { termsHash } from '../verification/documents.ts';

// No key has any power over the account, and only proofs move its money; setVerificationKey stands apart.
export const PERMISSIONS: Record<string, string> = {
  editState: 'Proof',
  send: 'Proof',
  access: 'None',
  receive: 'None',
  setPermissions: 'Impossible',
  setTiming: 'Impossible',
  setDelegate: 'Impossible',
  setZkappUri: 'Impossible',
  editActionState: 'Impossible',
  setTokenSymbol: 'Impossible',
  incrementNonce: 'Impossible',
  setVotingFor: 'Impossible',
};
const TIMING = [
  'initialMinimumBalance',
  'cliffTime',
  'cliffAmount',
  'vestingPeriod',
  'vestingIncrement',
];
/** Transaction version and number of state fields of the network's protocol: 3 and 8 before Mesa. */
export const TRANSACTION_VERSION = '3';
export const STATE_FIELDS = 8;
// A slot without a block has a chance of one in four: eight in a row come less than once in 130 days.
const STALE_SLOTS = 8;
// How far the network's clock and ours may differ.
const TIP_AHEAD_SECONDS = 300;
const SHARE_UNIT = 10_000n;

const ACCOUNT =
  'publicKey token balance{total} zkappState verificationKey{hash} ' +
  `permissions{${Object.keys(PERMISSIONS).join(' ')} setVerificationKey{auth txnVersion}} ` +
  `timing{${TIMING.join(' ')}}`;
// Every update of a token's owner takes a proof of its code, and code and permissions never change.
const OWNER_PERMISSIONS: Record<string, string> = {
  access: 'Proof',
  editState: 'Proof',
  setPermissions: 'Impossible',
};
const OWNER =
  'publicKey token tokenSymbol zkappState verificationKey{hash} ' +
  `permissions{${Object.keys(OWNER_PERMISSIONS).join(' ')} setVerificationKey{auth txnVersion}}`;
const PAYEE = 'publicKey token permissions{access receive}';

/** The terms of an account, as an offer shows them; `termsHash` has checked their form. */
export interface TermsOf {
  network: string;
  /** Token id of what the account is kept in, base58. */
  asset: string;
  seller: string;
  operator: string;
  operator_share: number;
  oracle: string;
  exit_delay: number;
}

/** A token's owner as it must be: the hash of its code, a decimal number, and its names. */
export interface TokenNames {
  code: string;
  decimals: number;
  symbol: string;
}

/** What the oracle signed last; `count` leaves under `root`. */
export interface Settled {
  due: bigint;
  root: bigint;
  count: number;
}

/** The newest block of a node. */
export interface Tip {
  height: number;
  slot: number;
  /** Unix seconds. */
  made: number;
  slotSeconds: number;
}

/** A prepaid account that passed the check. Amounts are in the smallest unit of the terms' asset. */
export interface AccountView {
  buyer: string;
  balance: bigint;
  spent: bigint;
  /** 0 as long as nobody asked to leave. */
  exitSlot: number;
  accrued: bigint;
  root: bigint;
  count: number;
  tip: Tip;
  /** True where `spent` was compared with what the oracle signed. */
  settledKnown: boolean;
}

/** All that calls of this account may cost in total, settled or not. */
export function funds({ balance, accrued, spent }: AccountView): bigint {
  return balance - accrued + spent;
}

/** The one question about an account, about who is paid from it, and about the owner of its token. */
export function accountQuery(account: string, terms: TermsOf): string {
  const owner = `token:tokenOwner(tokenId:"${terms.asset}"){${OWNER}} `;
  return (
    '{syncStatus networkID daemonStatus{consensusConfiguration{slotDuration}} ' +
    'bestChain(maxLength:1){protocolState{blockchainState{date} ' +
    'consensusState{blockHeight slotSinceGenesis}}} ' +
    `account:${member(account, ACCOUNT, terms)} ${terms.asset === MINA ? '' : owner}` +
    `seller:${member(terms.seller, PAYEE, terms)} operator:${member(terms.operator, PAYEE, terms)}}`
  );
}

/** One address can have an account in each token: all that is asked for is that of the terms' asset. */
function member(address: string, members: string, { asset }: TermsOf): string {
  return `account(publicKey:"${address}",token:"${asset}"){${members}}`;
}

/**
 * Every property of A1 that one answer can show. An account that its buyer leaves passes; `exitSlot` says so.
 *
 * Not checked without `settled`: that what the account says it has paid is what the oracle signed; and never that the
 * funds cover what is due, pending and asked for.
 */
export function checkAccount(
  answer: unknown,
  expected: {
    address: string;
    terms: TermsOf;
    /** The hash of the pinned code, a decimal number. */
    code: string;
    /** Of accounts in a token: the code of its owner, and how the offer names it. */
    token?: TokenNames;
    settled?: Settled | undefined;
  },
): AccountView {
  const { address, terms, code, token, settled } = expected;
  const tip = checkNode(answer, terms);
  return readable(() => {
    if (terms.asset !== MINA) checkToken(of(answer, 'token'), terms.asset, token);
    const account = existing('account', address, of(answer, 'account'));
    expect('publicKey', address, account['publicKey']);
    expect('token', terms.asset, account['token']);
    const key = account['verificationKey'];
    expect('verificationKey.hash', code, isObject(key) ? key['hash'] : null);
    checkPermissions(account['permissions']);
    const timing = account['timing'];
    for (const name of TIMING)
      expect(`timing.${name}`, null, (isObject(timing) ? timing[name] : null) ?? null);
    const view = viewOf(account, terms, tip);
    if (view.buyer === address)
      throw new AccountRefused("buyer: expected a key of its own, got the account's");
    if ([view.buyer, address].includes(terms.oracle))
      throw new AccountRefused("buyer: expected a key of its own, got the oracle's");
    checkSettled(view, terms, settled);
    return { ...view, settledKnown: view.count === 0 || settled?.count === view.count };
  });
}

/** The node is synced and of the network, and seller and operator can be paid. */
export function checkNode(answer: unknown, terms: TermsOf): Tip {
  return readable(() => {
    const wanted = [
      ['syncStatus', 'SYNCED'],
      ['networkID', terms.network],
    ] as const;
    for (const [name, value] of wanted) {
      const got = of(answer, name);
      if (got !== value)
        throw new NodeUnavailable(`node: expected ${name} ${value}, got ${shown(got)}`);
    }
    const tip = tipOf(answer);
    for (const name of ['seller', 'operator'] as const) {
      const account = existing(name, terms[name], of(answer, name));
      expect(`${name}.publicKey`, terms[name], account['publicKey']);
      expect(`${name}.token`, terms.asset, account['token']);
      for (const permission of ['access', 'receive'])
        expect(
          `${name}.permissions.${permission}`,
          'None',
          of(account['permissions'], permission) ?? null,
        );
    }
    return tip;
  });
}

/**
 * The token's owner runs the pinned code for ever, is named as the offer names it, and is not paused (A15).
 *
 * Not checked: that all accounts together hold what its code counts, and what its admin may do.
 */
function checkToken(account: unknown, asset: string, names: TokenNames | undefined): void {
  if (names === undefined) throw new AccountRefused('token: expected its names, got none');
  if (account === null)
    throw new AccountRefused(`token: expected an owner of ${asset} (${names.symbol}), got none`);
  if (!isObject(account)) throw new TypeError('token');
  const owner = account['publicKey'];
  // The node may name anyone; the id follows from the owner's address alone.
  expect(
    'token.owner',
    asset,
    typeof owner === 'string' && isPublicKey(owner) ? tokenOf(owner) : null,
  );
  expect('token.owner.token', MINA, account['token']);
  expect('token.verificationKey.hash', names.code, of(account['verificationKey'], 'hash'));
  const permissions = account['permissions'];
  for (const [name, wanted] of Object.entries(OWNER_PERMISSIONS))
    expect(`token.permissions.${name}`, wanted, of(permissions, name));
  const key = of(permissions, 'setVerificationKey');
  expect('token.permissions.setVerificationKey.auth', 'Impossible', of(key, 'auth'));
  expect(
    'token.permissions.setVerificationKey.txnVersion',
    TRANSACTION_VERSION,
    String(of(key, 'txnVersion')),
  );
  const state = Array.isArray(account['zkappState']) ? account['zkappState'].map(number) : [];
  expect('token.zkappState.length', STATE_FIELDS, state.length);
  const [decimals, x, odd, paused] = state as [bigint, bigint, bigint, bigint];
  expect('token.decimals', String(names.decimals), String(decimals));
  expect('token.symbol', names.symbol, account['tokenSymbol']);
  if (addressOfFields(x, odd) === undefined)
    throw new AccountRefused('token.admin: expected a public key, got no point of the curve');
  if (paused !== 0n)
    throw new AccountRefused(
      `token: expected one that moves, got ${names.symbol}, which is paused`,
    );
}

/** The newest block is no older than a few slots (A13): a stuck node hides exits. `now` is in Unix seconds. */
export function checkTip({ made, slotSeconds }: Tip, now: number): void {
  const [oldest, newest] = [now - STALE_SLOTS * slotSeconds, now + TIP_AHEAD_SECONDS];
  if (made < oldest || made > newest)
    throw new NodeUnavailable(
      `node: expected a newest block of ${oldest} to ${newest}, got one of ${made}`,
    );
}

/** When a slot is expected, in Unix seconds. */
export function slotMoment({ made, slot, slotSeconds }: Tip, at: number): number {
  return made + (at - slot) * slotSeconds;
}

/** The newest block, and how long a slot lasts. */
export function tipOf(answer: unknown): Tip {
  return readable(() => {
    const chain = of(answer, 'bestChain');
    const state = of(Array.isArray(chain) ? chain[0] : undefined, 'protocolState');
    const consensus = of(state, 'consensusState');
    const daemon = of(of(answer, 'daemonStatus'), 'consensusConfiguration');
    const slotSeconds = Number(number(of(daemon, 'slotDuration')) / 1000n);
    if (slotSeconds < 1) throw new TypeError('slot duration: expected at least a second');
    return {
      height: small(of(consensus, 'blockHeight')),
      slot: small(of(consensus, 'slotSinceGenesis')),
      made: small(number(of(of(state, 'blockchainState'), 'date')) / 1000n),
      slotSeconds,
    };
  });
}

function checkPermissions(value: unknown): void {
  const { setVerificationKey, ...rest } = isObject(value) ? value : {};
  const expected: Record<string, string> = {
    ...PERMISSIONS,
    // With an older version the account's own key can replace the code.
    'setVerificationKey.auth': 'Impossible',
    'setVerificationKey.txnVersion': TRANSACTION_VERSION,
  };
  const key = isObject(setVerificationKey) ? setVerificationKey : {};
  const got: JsonObject = { ...rest };
  for (const [name, each] of Object.entries(key))
    got[`setVerificationKey.${name}`] = typeof each === 'object' ? 'another value' : String(each);
  for (const name of [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort())
    expect(
      `permissions.${name}`,
      own(expected, name) ?? 'nothing by that name',
      own(got, name) ?? null,
    );
}

/** The state, in the order of `PrepaidAccount`'s declarations. */
function viewOf(account: JsonObject, terms: TermsOf, tip: Tip): AccountView {
  const fields = Array.isArray(account['zkappState']) ? account['zkappState'].map(number) : [];
  expect('zkappState.length', STATE_FIELDS, fields.length);
  const [hash, x, odd, spent, exitSlot, accrued, root, count] = fields as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const wanted = termsHash(terms);
  if (hash !== wanted)
    throw new AccountRefused(
      `state.termsHash: expected ${fieldHex(wanted)}, got ${fieldHex(hash)}`,
    );
  const buyer = addressOfFields(x, odd);
  if (buyer === undefined)
    throw new AccountRefused('state.buyer: expected a public key, got no point of the curve');
  const balance = number(of(account['balance'], 'total'));
  return {
    buyer,
    balance,
    spent,
    exitSlot: small(exitSlot),
    accrued,
    root,
    count: small(count),
    tip,
    settledKnown: false,
  };
}

/** What the account says it has paid is what the oracle has signed, as far as that is known here. */
function checkSettled(view: AccountView, terms: TermsOf, settled: Settled | undefined): void {
  const { count, spent, root, accrued, balance } = view;
  const known =
    count === 0 ? { due: 0n, root: 0n } : settled?.count === count ? settled : undefined;
  if (count > 0 && settled && settled.count < count)
    throw new AccountRefused(
      `state.receiptsCount: expected at most ${settled.count}, which the oracle signed, got ${count}`,
    );
  if (known) {
    expect('state.spent', String(known.due), String(spent));
    expect('state.receiptsRoot', String(known.root), String(root));
  } else if (settled && spent > settled.due)
    throw new AccountRefused(`state.spent: expected at most ${settled.due}, got ${spent}`);
  const part = (spent * BigInt(terms.operator_share)) / SHARE_UNIT;
  const most = part < balance ? part : balance;
  if (accrued > most)
    throw new AccountRefused(`state.accrued: expected at most ${most}, got ${accrued}`);
}

function existing(name: string, address: string, account: unknown): JsonObject {
  if (isObject(account)) return account;
  if (account !== null) throw new TypeError(name);
  throw new AccountRefused(`${name}: expected the account ${address} to exist, got none`);
}

function expect(name: string, wanted: string | number | null, got: unknown): void {
  if (got !== wanted)
    throw new AccountRefused(`${name}: expected ${shown(wanted)}, got ${shown(got)}`);
}

/** A member of an object, undefined where it is none or has none by that name. */
function of(value: unknown, name: string): unknown {
  return isObject(value) ? own(value, name) : undefined;
}

function own<T>(value: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A node writes numbers as text, some of them as numbers. */
function number(value: unknown): bigint {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' || !/^\d{1,78}$/.test(text)) throw new TypeError('a number');
  const read = BigInt(text);
  if (read >= P) throw new TypeError('a number that is a field');
  return read;
}

function small(value: unknown): number {
  const read = Number(number(value));
  if (!Number.isSafeInteger(read)) throw new TypeError('a small number');
  return read;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'string' || typeof value === 'number'
    ? String(value).slice(0, 100)
    : 'another value';
}

/** A node left out what it was asked for, or gave it in another form. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new NodeUnavailable('node: expected an answer as it was asked for, got another');
  }
}
