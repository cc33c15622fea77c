/**
 * Opening transactions of credits and asks. New accounts get code, state and permissions that leave no key any power, in the
 * one update that their own key ever signs; the token needs one proof, of its `initialize`.
 */
import { FungibleToken } from 'mina-fungible-token';
import {
  Bool,
  Field,
  type Permissions,
  type PublicKey,
  TokenId,
  UInt32,
  UInt64,
  UInt8,
} from 'o1js';
import { MAX_URI_BYTES, create, payFrom, requireDistinct, signedBy } from './new_account.js';
import { ACCOUNT_PERMISSIONS, OFFER_PERMISSIONS } from './opening.js';
import { ACCOUNT_CREATION_FEE } from './protocol.js';
import type { PinnedKey } from './verification_keys.js';

/**
 * Of token and vault: only proofs use them at all. After a hard fork that ends old proofs both stand still. With `access`
 * None the vault's own key, which the seller made, could then take what lies behind everybody's credits.
 */
export const CREDIT_PERMISSIONS: Permissions = OFFER_PERMISSIONS;

/** An ask's account is its token owner's business too: FungibleToken approves no other `access` and `receive` than None. */
export const ASK_PERMISSIONS: Permissions = ACCOUNT_PERMISSIONS;

/** Token and vault, and the token's account that counts what circulates. */
export const ISSUE_ACCOUNTS = 3n;

export interface CreditIssue {
  /** Pays for three new accounts, and signs. */
  payer: PublicKey;
  /** Fresh keys without any power later. */
  token: PublicKey;
  vault: PublicKey;
  /** Signs each mint, and gets the backing of the credits that it turns in. */
  seller: PublicKey;
  cap: UInt64;
  /** Nanomina for each credit. */
  backing: UInt64;
  /** Slot from which on holders get the backing. */
  expiry: UInt32;
  /** 1 to 6 ASCII letters and digits. */
  symbol: string;
  /** Where the promise is, and its hash. */
  uri: string;
  verificationKeys: { FungibleToken: PinnedKey; CreditVault: PinnedKey };
}

/** Call inside `Mina.transaction`; payer, token key and vault key sign. */
export async function issueCredits(issue: CreditIssue): Promise<void> {
  checkIssue(issue);
  const { payer, token, vault, seller, cap, backing, expiry, symbol, uri } = issue;
  payFrom(payer, ISSUE_ACCOUNTS * ACCOUNT_CREATION_FEE);
  create(vault, {
    state: [
      ...seller.toFields(),
      ...token.toFields(),
      cap.value,
      Field(0),
      backing.value,
      expiry.value,
    ],
    permissions: CREDIT_PERMISSIONS,
    verificationKey: issue.verificationKeys.CreditVault,
  });
  const owner = create(token, {
    state: [],
    permissions: CREDIT_PERMISSIONS,
    verificationKey: issue.verificationKeys.FungibleToken,
  });
  owner.account.tokenSymbol.set(symbol);
  owner.account.zkappUri.set(uri);
  await new FungibleToken(token).initialize(vault, UInt8.from(0), Bool(false));
}

export interface AskOpening {
  /** Owns what is sold and pays for the account; gets the money. */
  seller: PublicKey;
  /** A fresh key without any power later. */
  ask: PublicKey;
  /** Owner of the token. */
  token: PublicKey;
  amount: UInt64;
  /** Nanomina for one smallest unit. */
  price: UInt64;
  verificationKey: PinnedKey;
}

/** Call inside `Mina.transaction`; seller and ask key sign. One proof, the token's. */
export async function openAsk(opening: AskOpening): Promise<void> {
  const { seller, ask, token, amount, price, verificationKey } = opening;
  requireDistinct(seller, ask, 'the seller and the ask have the same key');
  if (price.toBigInt() === 0n) throw new RangeError('the price is 0');
  if (amount.toBigInt() === 0n) throw new RangeError('nothing is for sale');
  requireProduct(amount, price, 'the amount times the price');
  payFrom(seller, ACCOUNT_CREATION_FEE);
  const tokenId = TokenId.derive(token);
  const from = signedBy(seller, tokenId);
  from.balance.subInPlace(amount);
  const update = create(ask, {
    tokenId,
    state: [...seller.toFields(), price.value],
    permissions: ASK_PERMISSIONS,
    verificationKey,
  });
  update.balance.addInPlace(amount);
  await new FungibleToken(token).approveAccountUpdates([from, update]);
}

/** What no contract checks, because it is the seller's own promise; readers check it again. */
export function checkIssue(issue: CreditIssue): void {
  const { payer, token, vault, seller, cap, backing, expiry, symbol, uri } = issue;
  if (seller.isEmpty().toBoolean()) throw new RangeError('the seller has an empty key');
  requireDistinct(token, vault, 'the token and the vault have the same key');
  for (const [name, key] of [
    ['token', token],
    ['vault', vault],
  ] as const) {
    requireDistinct(key, seller, `the ${name} and the seller have the same key`);
    requireDistinct(key, payer, `the ${name} cannot pay for its own opening`);
  }
  if (cap.toBigInt() === 0n) throw new RangeError('the cap is 0: no credit could be minted');
  if (expiry.toBigint() === 0n) throw new RangeError('the expiry is slot 0');
  requireProduct(cap, backing, 'the cap times the backing');
  if (!/^[A-Za-z0-9]{1,6}$/.test(symbol) || symbol.toUpperCase() === 'MINA')
    throw new RangeError('the symbol: expected 1 to 6 letters and digits, and not MINA');
  const bytes = new TextEncoder().encode(uri).length;
  if (bytes === 0 || bytes > MAX_URI_BYTES)
    throw new RangeError(`the uri: expected 1 to ${MAX_URI_BYTES} bytes, got ${bytes}`);
}

function requireProduct(a: UInt64, b: UInt64, what: string): void {
  const product = a.toBigInt() * b.toBigInt();
  if (product >= 2n ** 64n)
    throw new RangeError(`${what}: expected less than 2^64 nanomina, got ${product}`);
}
