/**
 * Prepaid accounts in a token of an unmodified FungibleToken. Whatever moves the token stands under its owner's update,
 * whose proof says that the amounts add up; the account's own code and permissions are those of an account in MINA.
 */
import { FungibleToken } from 'mina-fungible-token';
import { AccountUpdate, PublicKey, TokenId, UInt64 } from 'o1js';
import { type AccountOpening, checkOpening, depositUpdate, newAccount } from './opening.js';
import { signedBy } from './new_account.js';
import { ACCOUNT_CREATION_FEE } from './protocol.js';

export interface TokenOpening extends AccountOpening {
  /** Owns the token that the terms name. */
  owner: PublicKey;
}

/**
 * Opens an account with a deposit of the payer's tokens. Call inside `Mina.transaction`; payer and account sign, and the
 * token's owner proves. Rejects what `openAccount` rejects.
 */
export async function openTokenAccount(opening: TokenOpening): Promise<AccountUpdate> {
  const { owner, payer, deposit, terms } = opening;
  checkOpening(opening);
  if (!TokenId.derive(owner).equals(terms.asset).toBoolean())
    throw new RangeError('the terms are in another token than this owner has');
  AccountUpdate.createSigned(payer).balance.subInPlace(UInt64.from(ACCOUNT_CREATION_FEE));
  const from = signedBy(payer, terms.asset);
  from.balance.subInPlace(deposit);
  const update = newAccount(opening);
  await new FungibleToken(owner).approveAccountUpdates([from, update]);
  return update;
}

/** Adds to an open account in a token: see `addDeposit`. The payer signs, and the token's owner proves. */
export async function addTokenDeposit(
  owner: PublicKey,
  payer: PublicKey,
  account: PublicKey,
  amount: UInt64,
): Promise<void> {
  const token = TokenId.derive(owner);
  const from = signedBy(payer, token);
  from.balance.subInPlace(amount);
  const update = depositUpdate(account, token);
  update.balance.addInPlace(amount);
  await new FungibleToken(owner).approveAccountUpdates([from, update]);
}

/** Opens empty accounts in a token, which those who are paid in it need first. The payer signs and pays 1 MINA each. */
export async function openEmptyAccounts(
  owner: PublicKey,
  payer: PublicKey,
  addresses: PublicKey[],
): Promise<void> {
  AccountUpdate.fundNewAccount(payer, addresses.length);
  const token = TokenId.derive(owner);
  const updates = addresses.map((address) => AccountUpdate.create(address, token));
  await new FungibleToken(owner).approveAccountUpdates(updates);
}
