/** A signature over a whole transaction, as contracts ask it of a seller: nothing of it can be used again. */
import { AccountUpdate, Bool, type PublicKey, UInt32 } from 'o1js';

/**
 * Has `key` sign the transaction, fee payer and memo included, so that the signature is used up with the fee payer's nonce. The
 * nonce of `key` stays as it is: the same key may pay the fee too.
 */
export function requireSignatureOf(key: PublicKey, who: string): AccountUpdate {
  // Updates of the empty key are left out of a transaction, and with them what they ask for.
  key.isEmpty().assertFalse(`the ${who} has an empty key`);
  return signsAll(AccountUpdate.createSigned(key));
}

/** The update's signature covers fee payer and memo too; the account's nonce stays as it is. */
export function signsAll(update: AccountUpdate): AccountUpdate {
  update.body.useFullCommitment = Bool(true);
  update.body.incrementNonce = Bool(false);
  const anyNonce = { lower: UInt32.zero, upper: UInt32.MAXINT() };
  update.body.preconditions.account.nonce = { isSome: Bool(false), value: anyNonce };
  return update;
}
