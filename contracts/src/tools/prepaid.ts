/** What the tools read of a prepaid account, and check before they spend seconds on a proof. */
import type { Field, PublicKey, Signature } from 'o1js';
import type { Terms } from '../fields.js';
import { approve } from '../fungible_token.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { ToolError } from './errors.js';
import type { Sent, Session } from './session.js';

export interface PrepaidView {
  contract: PrepaidAccount;
  /** Owns the token that the account is in; none for MINA. */
  owner: PublicKey | undefined;
  balance: bigint;
  buyer: PublicKey;
  termsHash: string;
  spent: bigint;
  exitSlot: bigint;
  accrued: bigint;
  receiptsCount: bigint;
}

/** Always asks the node again: o1js builds on what was fetched last. `asset` is what the account is kept in. */
export async function fetchPrepaid(
  session: Session,
  address: PublicKey,
  asset: Field,
): Promise<PrepaidView> {
  const owner = await session.ownerOf(asset);
  const code = ['PrepaidAccount', 'prepaid account', asset] as const;
  const { balance } = await session.requireCode(address, ...code);
  const contract = new PrepaidAccount(address, asset);
  return {
    contract,
    owner,
    balance: balance.toBigInt(),
    buyer: contract.buyer.get(),
    termsHash: contract.termsHash.get().toString(),
    spent: contract.spent.get().toBigInt(),
    exitSlot: contract.exitSlot.get().toBigint(),
    accrued: contract.accrued.get().toBigInt(),
    receiptsCount: contract.receiptsCount.get().toBigint(),
  };
}

/** Proves and sends what a method of the account does, with the owner's leave where it is in a token. */
export async function sendMethod(
  session: Session,
  { contract, owner }: PrepaidView,
  method: () => Promise<void>,
): Promise<Sent> {
  await session.compile('PrepaidAccount', ...(owner ? (['FungibleToken'] as const) : []));
  return await session.send(async () => {
    await method();
    if (owner) await approve(owner, contract);
  });
}

export function requireTerms(view: { termsHash: string }, terms: Terms): void {
  const hash = terms.hash().toString();
  if (view.termsHash !== hash)
    throw new ToolError(
      'wrong-account',
      `the account has other terms: expected ${hash}, got ${view.termsHash}`,
    );
}

/** The contract's own condition, told in words and before the proof. */
export function requireBuyer(
  { buyer }: PrepaidView,
  signature: Signature,
  list: Field[],
  what: string,
): void {
  if (!signature.verify(buyer, list).toBoolean())
    throw new ToolError(
      'wrong-account',
      `the ${what} is not signed by the buyer of this account: expected ${buyer.toBase58()}`,
    );
}
