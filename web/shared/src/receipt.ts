// Receipts: what an oracle signs of a call.
import { RECEIPT, textField } from './fields.ts';

export interface Receipt {
  data: Record<string, string | number>;
  signature: string;
  publicKey: string;
}

const NUMBERS = [
  'call_hash',
  'offer_hash',
  'source_hash',
  'inputs_hash',
  'outputs_hash',
  'profile_hash',
  'status',
  'grade',
  'finished_at',
];

/** The fields that the oracle signs, in their order. */
export function receiptFields(data: Receipt['data']): bigint[] {
  const numbers = NUMBERS.map((name) => BigInt(data[name] ?? 0));
  return [textField(RECEIPT), textField(String(data.network)), ...numbers];
}
