// What a buyer's wallet signs to leave an account (A5) and to take its money out (A12). The command proves and sends it.
import { signedFields } from '../fields.ts';
import { canonical, type JsonObject } from '../json.ts';
import { tokenId } from '../mina.ts';
import type { AccountView, TermsOf } from './account.ts';

export const EXIT = 'sealrun:exit2';
export const WITHDRAW = 'sealrun:withdraw2';
// The form of the files that `sealrun exit --signed` and `sealrun withdraw --signed` read.
const FORM = 1;
/** Slots within which a signed exit has to be in a block: time for somebody to prove it. At most 960 (EXIT_WINDOW). */
export const EXIT_SLOTS = 160;

/** What an account is, in every list that its buyer signs to leave it. */
export interface Left {
  network: string;
  account: string;
  /** Token id of what it is kept in, base58. */
  asset: string;
}

/** Six fields: the account's exit, which a block may take up to the slot `latest`. */
export function exitFields({ network, account, asset }: Left, latest: number): bigint[] {
  return signedFields(EXIT, network, account, tokenId(asset), BigInt(latest));
}

/** Seven fields: so many smallest units to the buyer. Used up with this exit slot. */
export function withdrawFields(
  { network, account, asset }: Left,
  exitSlot: number,
  amount: bigint,
): bigint[] {
  return signedFields(WITHDRAW, network, account, tokenId(asset), BigInt(exitSlot), amount);
}

/** The file of a signed exit. */
export function exitFile(
  account: string,
  terms: TermsOf,
  latest: number,
  signature: string,
): string {
  return fileOf('exit', account, terms, { latest, signature });
}

/** The file of a signed withdrawal. */
export function withdrawalFile(
  account: string,
  terms: TermsOf,
  amount: bigint,
  signature: string,
): string {
  return fileOf('withdrawal', account, terms, { amount: String(amount), signature });
}

/** What the buyer may take out: all but what accrued to the operator. */
export function withdrawable({ balance, accrued }: AccountView): bigint {
  return balance > accrued ? balance - accrued : 0n;
}

function fileOf(kind: string, account: string, terms: TermsOf, signed: JsonObject): string {
  const value = { sealrun: FORM, kind, account, terms: terms as unknown as JsonObject, ...signed };
  return `${canonical(value)}\n`;
}
