/** What both settling tools read and check of a voucher and of the account's money, before minutes go into a proof. */
import type { PublicKey, Signature } from 'o1js';
import { Voucher } from '../deposit_account.js';
import { type Terms, voucherFields } from '../fields.js';
import { ToolError } from './errors.js';
import type { DepositView } from './prepaid.js';
import type { Request } from './request.js';

export function readVoucher(part: Request): Voucher {
  return new Voucher({
    limit: part.amount('limit'),
    callHash: part.field('call_hash'),
    signature: part.signature('signature'),
  });
}

/** The contract's own condition, told in words. */
export function requireVoucher(
  { buyer, contract }: DepositView,
  { network, asset }: Terms,
  { limit, callHash, signature }: Voucher,
  due: bigint,
): void {
  if (due > limit.toBigInt())
    throw new ToolError(
      'not-owed',
      `the due is above the voucher: expected at most ${limit}, got ${due}`,
    );
  const signed = voucherFields(network, contract.address, asset, limit, callHash);
  if (!verifies(signature, buyer, signed))
    throw new ToolError('not-owed', "the voucher is not signed by the account's buyer");
}

/** The account can pay so much beside what accrued to the operator. */
export function requireFree({ balance, accrued }: DepositView, amount: bigint): void {
  const free = balance - accrued;
  if (amount > free)
    throw new ToolError(
      'not-owed',
      `the account holds too little: expected ${amount}, got ${free}`,
    );
}

export function verifies(
  signature: Signature,
  key: PublicKey,
  fields: Parameters<Signature['verify']>[1],
): boolean {
  return signature.verify(key, fields).toBoolean();
}
