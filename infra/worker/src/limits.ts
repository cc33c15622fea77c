// How much of an offer may be used: what its document says, and what it means where it says nothing.
import type { Offer } from '../../../web/shared/src/offer.ts';

// As sealrun.offers.limits: an open offer allows little where it says nothing.
const OPEN = { atOnce: 20, minutesAMonth: 10_000 };
const LISTED = { atOnce: 1000, minutesAMonth: 10_000_000 };

export interface Limits {
  /** Calls of all buyers in an hour. */
  perHour: number;
  /** Calls of all buyers that are not over. */
  atOnce: number;
  minutesAMonth: number;
  /** What one run takes of the month's minutes at most. */
  minutes: number;
  /** What one buyer may have, and one network address that calls an open offer. */
  share: Share;
}

/** What a buyer, a network address or a ticket may have. */
export interface Share {
  perHour: number;
  atOnce: number;
  minutesAMonth: number;
}

/** Of an hour a ticket may have a second try, where its run never started. */
export const TICKET: Share = { perHour: 2, atOnce: Infinity, minutesAMonth: Infinity };

export function limitsOf({ access, limits, quota_per_hour: perHour }: Offer): Limits {
  const otherwise = access.open ? OPEN : LISTED;
  const atOnce = limits.at_once ?? otherwise.atOnce;
  const parts = access.open ? 2 : 1;
  const minutesAMonth = limits.minutes_per_month ?? otherwise.minutesAMonth;
  const minutes = Math.ceil(limits.seconds / 60);
  const part = (of: number, least: number): number => Math.max(least, Math.floor(of / parts));
  const said = access.per_buyer;
  const share = {
    perHour: said?.per_hour ?? part(perHour, 1),
    atOnce: said?.at_once ?? part(atOnce, 1),
    minutesAMonth: said?.minutes_per_month ?? part(minutesAMonth, minutes),
  };
  return { perHour, atOnce, minutesAMonth, minutes, share };
}
