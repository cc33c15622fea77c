/** What the tools read of a prepaid or a proved account, and check before they spend seconds on a proof. */
import type { Field, PublicKey, Signature } from 'o1js';
import type { Terms } from '../fields.js';
import { payFrom } from '../new_account.js';
import { PrepaidAccount } from '../prepaid_account.js';
import { ProvedAccount } from '../proved_account.js';
import { ToolError } from './errors.js';
import type { Request } from './request.js';
import type { Sent, Session } from './session.js';

const CONTRACTS = { PrepaidAccount, ProvedAccount };
type Name = keyof typeof CONTRACTS;

export interface DepositView<Contract = PrepaidAccount | ProvedAccount> {
  contract: Contract;
  code: Name;
  /** Owns the token that the account is in; none for MINA. */
  owner: PublicKey | undefined;
  balance: bigint;
  buyer: PublicKey;
  termsHash: string;
  spent: bigint;
  exitSlot: bigint;
  accrued: bigint;
  receiptsRoot: bigint;
  receiptsCount: bigint;
}

/**
 * An account of one of these contracts, of any by default. Always asks the node again: o1js builds on what was fetched last.
 * `asset` is what the account is kept in.
 */
export async function fetchDeposit<Code extends Name>(
  session: Session,
  address: PublicKey,
  asset: Field,
  ...codes: Code[]
): Promise<DepositView<InstanceType<(typeof CONTRACTS)[Code]>>> {
  const owner = await session.ownerOf(asset);
  const expected = codes.length > 0 ? codes : (Object.keys(CONTRACTS) as Code[]);
  const found = await session.codeOf(address, expected, 'prepaid account', asset);
  const { balance } = found.account;
  const code = found.contract;
  const contract = new CONTRACTS[code](address, asset) as InstanceType<(typeof CONTRACTS)[Code]>;
  return {
    contract,
    code,
    owner,
    balance: balance.toBigInt(),
    buyer: contract.buyer.get(),
    termsHash: contract.termsHash.get().toString(),
    spent: contract.spent.get().toBigInt(),
    exitSlot: contract.exitSlot.get().toBigint(),
    accrued: contract.accrued.get().toBigInt(),
    receiptsRoot: contract.receiptsRoot.get().toBigInt(),
    receiptsCount: contract.receiptsCount.get().toBigint(),
  };
}

/**
 * Nanomina that the payer adds so that `receiver` can be paid: for a new account where it has none in the asset and the
 * request says `open_receiver`, else 0. Without its word nobody pays for the account of somebody else.
 */
export async function receiverFee(
  request: Request,
  session: Session,
  receiver: PublicKey,
  what: string,
  asset: Field,
): Promise<bigint> {
  const fee = await session.creationFee(receiver, asset);
  if (fee === 0n) return fee;
  if (!request.flag('open_receiver', false))
    throw new ToolError('receiver-missing', `the ${what}, ${receiver.toBase58()}`);
  await session.covers(fee);
  return fee;
}

/**
 * Proves and sends what a method of the account does, with the owner's leave where it is in a token. The payer adds `fee`
 * for a new account of the method's receiver.
 */
export async function sendMethod(
  session: Session,
  { code, owner }: DepositView,
  method: () => Promise<void>,
  fee = 0n,
): Promise<Sent> {
  const paid = async (): Promise<void> => {
    payFrom(session.payer.toPublicKey(), fee);
    await method();
  };
  if (owner) return await session.sendApproved(owner, code, paid);
  await session.compile(code);
  return await session.send(paid);
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
  { buyer }: DepositView,
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
