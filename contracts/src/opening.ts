/**
 * Opening transactions: signatures only, no proof. The new account gets its code, its state and permissions that
 * leave no key any power, in the one update that its own key ever signs.
 */
import { AccountUpdate, Field, Permissions, PublicKey, TokenId, UInt64 } from 'o1js';
import { bytesToEvent, credentialHash } from './credential.js';
import { SHARE_UNIT } from './deposit_account.js';
import { MAX_EXIT_DELAY, Terms } from './fields.js';
import { create, payFrom, requireDistinct } from './new_account.js';
import { ACCOUNT_CREATION_FEE } from './protocol.js';
import type { PinnedKey } from './verification_keys.js';

/** Where `PrepaidAccount` keeps its exit slot. */
const EXIT_SLOT = 4;

/** Only proofs may change state or send; nothing else can ever change (A1). */
export const ACCOUNT_PERMISSIONS: Permissions = {
  editState: Permissions.proof(),
  send: Permissions.proof(),
  receive: Permissions.none(),
  access: Permissions.none(),
  // Carries the current transaction version: with an older one the account's own key could replace the code.
  setVerificationKey: Permissions.VerificationKey.impossibleDuringCurrentVersion(),
  setPermissions: Permissions.impossible(),
  setTiming: Permissions.impossible(),
  setDelegate: Permissions.impossible(),
  setZkappUri: Permissions.impossible(),
  editActionState: Permissions.impossible(),
  setTokenSymbol: Permissions.impossible(),
  incrementNonce: Permissions.impossible(),
  setVotingFor: Permissions.impossible(),
};

/** With access None anyone could add an event that looks like a credential (A11). */
export const OFFER_PERMISSIONS: Permissions = {
  ...ACCOUNT_PERMISSIONS,
  access: Permissions.proof(),
};

export interface AccountOpening {
  /** Pays deposit and account creation, and signs. */
  payer: PublicKey;
  /** A fresh key that the buyer keeps: after some hard forks it could replace the code (A2). */
  account: PublicKey;
  buyer: PublicKey;
  terms: Terms;
  /** In the smallest unit of the terms' asset. */
  deposit: UInt64;
  verificationKey: PinnedKey;
}

/**
 * Opens an account in MINA. Call inside `Mina.transaction`; payer and account sign. Rejects terms and keys that A1
 * forbids, and terms in a token, whose accounts `openTokenAccount` opens.
 */
export function openAccount(opening: AccountOpening): AccountUpdate {
  const { payer, deposit } = opening;
  checkOpening(opening);
  if (!opening.terms.asset.equals(TokenId.default).toBoolean())
    throw new RangeError('the terms are in a token: its owner has to approve the opening');
  payFrom(payer, deposit.toBigInt() + ACCOUNT_CREATION_FEE);
  return newAccount(opening);
}

/** Terms and keys that an account may be opened with; rejects all others with a `RangeError`. */
export function checkOpening({ payer, account, buyer, terms }: AccountOpening): void {
  checkTerms(terms);
  requireDistinct(buyer, account, 'the buyer and the account have the same key');
  requireDistinct(buyer, terms.oracle, 'the buyer and the oracle have the same key');
  requireDistinct(account, terms.oracle, 'the account and the oracle have the same key');
  requireDistinct(payer, account, 'the account cannot pay for its own opening');
  if (buyer.isEmpty().toBoolean()) throw new RangeError('the buyer has an empty key');
}

/** The account's own update with its deposit, which somebody else's has to pay. */
export function newAccount(opening: AccountOpening): AccountUpdate {
  const { account, buyer, terms, deposit, verificationKey } = opening;
  const update = create(account, {
    tokenId: terms.asset,
    state: [terms.hash(), ...buyer.toFields()],
    permissions: ACCOUNT_PERMISSIONS,
    verificationKey,
  });
  update.balance.addInPlace(deposit);
  return update;
}

export interface OfferOpening {
  payer: PublicKey;
  offer: PublicKey;
  offerHash: Field;
  terms: Terms;
  /** Where the offer document is. */
  uri: string;
  /** The credential document, for an offer with `credential = "chain"`. Public for ever. */
  credential?: Uint8Array;
  verificationKey: PinnedKey;
}

/** Call inside `Mina.transaction`; payer and offer key sign. */
export function openOffer(opening: OfferOpening): AccountUpdate {
  const { payer, offer, offerHash, terms, uri, credential, verificationKey } = opening;
  checkTerms(terms);
  requireDistinct(payer, offer, 'the offer cannot pay for its own opening');
  payFrom(payer, ACCOUNT_CREATION_FEE);
  const update = create(offer, {
    state: [offerHash, terms.hash(), credential ? credentialHash(credential) : Field(0)],
    permissions: OFFER_PERMISSIONS,
    verificationKey,
  });
  update.account.zkappUri.set(uri);
  if (credential)
    update.body.events = AccountUpdate.Events.pushEvent(
      update.body.events,
      bytesToEvent(credential),
    );
  return update;
}

/**
 * Adds a deposit to an open account. Call inside `Mina.transaction`; the payer signs, whoever it is. The chain
 * refuses it once an exit was requested: no call could use the money any more (A5).
 */
export function addDeposit(payer: PublicKey, account: PublicKey, amount: UInt64): void {
  const update = depositUpdate(account, TokenId.default);
  AccountUpdate.createSigned(payer).send({ to: update, amount });
}

/** The update of an account that nobody has asked to leave. */
export function depositUpdate(account: PublicKey, asset: Field): AccountUpdate {
  const update = AccountUpdate.create(account, asset);
  AccountUpdate.assertEquals(update.body.preconditions.account.state[EXIT_SLOT]!, Field(0));
  return update;
}

export function checkTerms(terms: Terms): void {
  const proved = !terms.keys.equals(0).toBoolean();
  for (const name of ['seller', 'operator', 'oracle'] as const) {
    if (terms[name].isEmpty().toBoolean() && !(proved && name === 'oracle'))
      throw new RangeError(`the ${name} has an empty key`);
  }
  if (proved && !terms.oracle.isEmpty().toBoolean())
    throw new RangeError("the terms name an oracle and an issuer's keys: expected one of them");
  const delay = terms.exitDelay.toBigint();
  if (delay < 1n || delay > MAX_EXIT_DELAY)
    throw new RangeError(
      `the exit delay is out of range: expected 1 to ${MAX_EXIT_DELAY} slots, got ${delay}`,
    );
  const share = terms.operatorShare.toBigint();
  if (share > SHARE_UNIT)
    throw new RangeError(
      `the operator share is too high: expected at most ${SHARE_UNIT}, got ${share}`,
    );
}
