// The history of an offer, counted from its receipts by whoever reads them; the rules are those of sealrun.market.history (E8).
import type { History } from './catalogue.ts';
import { Malformed } from './errors.ts';
import { canonicalBytes, type Json } from './json.ts';
import { holds } from './mina.ts';
import { receiptFields } from './receipt.ts';
import { parseReceipt, type Receipt } from './verification/receipt.ts';

export interface Sold {
  /** The offer's hash, which the reader computed. */
  hash: string;
  network: string;
  oracle: string;
  /** That good runs must reach. */
  grade: number;
}

// How far an oracle's clock may be ahead, in seconds.
const CLOCK_SKEW = 600;
const HIGHEST_GRADE = 1;

/** A receipt of a call of this offer, signed by its oracle. Throws Malformed for whatever else was handed out. */
export function offersReceipt(document: unknown, offer: Sold, now: number): Receipt {
  const receipt = parseReceipt(canonicalBytes(document as Json));
  const { network, hashes, outcome, grade, finishedAt, publicKey } = receipt;
  const good = outcome === 'succeeded';
  if (
    hashes.offer_hash !== BigInt(`0x${offer.hash}`) ||
    network !== offer.network ||
    publicKey !== offer.oracle ||
    finishedAt > now + CLOCK_SKEW ||
    grade > HIGHEST_GRADE ||
    (good && grade < offer.grade) ||
    !holds(receiptFields(receipt.data), receipt.signature, publicKey)
  )
    throw new Malformed('receipt: expected one of this offer that its oracle signed, got another');
  return receipt;
}

/** Each call once; none of which there are two different receipts. How long runs took is not read here. */
export function historyOf(receipts: Receipt[], more: boolean): History {
  const calls = new Map<bigint, Receipt>();
  const twice = new Set<bigint>();
  for (const receipt of receipts) {
    const known = calls.get(receipt.hashes.call_hash);
    if (known && receiptFields(known.data).join() !== receiptFields(receipt.data).join())
      twice.add(receipt.hashes.call_hash);
    else calls.set(receipt.hashes.call_hash, receipt);
  }
  for (const call of twice) calls.delete(call);
  const counted = [...calls.values()];
  const good = counted.filter(({ outcome }) => outcome === 'succeeded');
  const grades = [0, 1].map((grade) => good.filter((each) => each.grade === grade).length);
  const ends = counted.map(({ finishedAt }) => finishedAt);
  return {
    runs: counted.length,
    good: good.length,
    seconds: null,
    lowest: good.length ? grades.findIndex((count) => count > 0) : null,
    typical: good.length ? Number((grades[1] ?? 0) > (grades[0] ?? 0)) : null,
    since: ends.length ? Math.min(...ends) : null,
    until: ends.length ? Math.max(...ends) : null,
    more,
    twice: twice.size,
  };
}
