/** What the tools read of a prepaid account, and check before they spend seconds on a proof. */
import type { Field, PublicKey, Signature } from 'o1js';
import type { Terms } from '../fields.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { ToolError } from './errors.js';
import type { Session } from './session.js';

export interface PrepaidView {
  contract: PrepaidAccount;
  balance: bigint;
  buyer: PublicKey;
  termsHash: string;
  spent: bigint;
  exitSlot: bigint;
  accrued: bigint;
  receiptsCount: bigint;
}

/** Always asks the node again: o1js builds on what was fetched last. */
export async function fetchPrepaid(session: Session, address: PublicKey): Promise<PrepaidView> {
  const { balance } = await session.contractState(address, 'PrepaidAccount');
  const contract = new PrepaidAccount(address);
  return {
    contract,
    balance: balance.toBigInt(),
    buyer: contract.buyer.get(),
    termsHash: contract.termsHash.get().toString(),
    spent: contract.spent.get().toBigInt(),
    exitSlot: contract.exitSlot.get().toBigint(),
    accrued: contract.accrued.get().toBigInt(),
    receiptsCount: contract.receiptsCount.get().toBigint(),
  };
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
