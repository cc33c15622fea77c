// The receipt: its form, its eleven fields, and who signed them. Steps 1 and 2.
import { NETWORKS } from '../fields.ts';
import { canonical, parseObject } from '../json.ts';
import { holds, P } from '../mina.ts';
import * as read from '../read.ts';
import { receiptFields, type Receipt as Document } from '../receipt.ts';
import { ARITHMETIC, SIGNATURE, require, requireEqual, type Claims } from './claims.ts';

export const OUTCOMES = [
  '',
  'succeeded',
  'failed',
  'canceled',
  'skipped',
  'never_started',
  'time_limit',
  'source_changed',
  'outputs_refused',
  'unreachable',
  'grade_not_reached',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

const HASHES = [
  'call_hash',
  'offer_hash',
  'source_hash',
  'inputs_hash',
  'outputs_hash',
  'profile_hash',
] as const;
const MAX_BYTES = 1 << 16;
const MAX_GRADE = 3;

export interface Receipt {
  network: string;
  hashes: Record<(typeof HASHES)[number], bigint>;
  outcome: Outcome;
  grade: number;
  finishedAt: number;
  publicKey: string;
  signature: string;
  /** As it was read. */
  data: Document['data'];
}

/** Throws Malformed where it is not of its form; the signature is not checked here. */
export function parseReceipt(document: Uint8Array): Receipt {
  // Step 1.1
  const value = read.only(
    parseObject(document, MAX_BYTES),
    ['data', 'signature', 'publicKey'],
    'receipt',
  );
  const names = ['network', ...HASHES, 'status', 'grade', 'finished_at'];
  const data = read.only(value['data'], names, 'data');
  return {
    network: read.oneOf(data, 'network', NETWORKS),
    hashes: Object.fromEntries(
      HASHES.map((name) => [name, read.decimal(data, name, P - 1n)]),
    ) as Receipt['hashes'],
    outcome: OUTCOMES[read.whole(data, 'status', 1, OUTCOMES.length - 1)] ?? '',
    grade: read.whole(data, 'grade', 0, MAX_GRADE),
    finishedAt: read.whole(data, 'finished_at', 0, read.MAX_UNIX_SECONDS),
    publicKey: read.publicKey(value, 'publicKey'),
    signature: read.signature(value, 'signature'),
    data: data as Document['data'],
  };
}

export async function checkReceipt(
  claims: Claims,
  document: Uint8Array,
  receipt: Receipt,
  oracle: string,
): Promise<void> {
  await claims.check('form', ARITHMETIC, () => {
    // Step 1.2
    const text = new TextDecoder().decode(document);
    require(canonical(parseObject(document, MAX_BYTES)) ===
      text, 'receipt: expected canonical JSON (RFC 8785), got another form of it');
    return 'the receipt is canonical JSON (RFC 8785)';
  });
  await claims.check('signature', SIGNATURE, () => {
    // Step 2.1
    const good = holds(receiptFields(receipt.data), receipt.signature, receipt.publicKey);
    require(good, 'signature: expected one that holds, got one that does not');
    return `signed by ${receipt.publicKey}`;
  });
  await claims.check('oracle', 'you', () => {
    // Step 2.2
    requireEqual('oracle', oracle, receipt.publicKey);
    return 'the key is that of the oracle which the offer names';
  });
}
