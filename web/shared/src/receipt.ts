// Receipts: what an oracle signs of a call.
import { fieldHex, RECEIPT, textField } from './fields.ts';
import { holds } from './mina.ts';

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

/** Whether this oracle signed this receipt, and for this call. */
export function confirms(receipt: Receipt, oracle: string, call: string): boolean {
  const { data, signature, publicKey } = receipt;
  const ours = publicKey === oracle && fieldHex(BigInt(data.call_hash ?? 0)) === call;
  return ours && holds(receiptFields(data), signature, publicKey);
}
