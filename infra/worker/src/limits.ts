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
  /** What one buyer may have. */
  share: { perHour: number; atOnce: number };
}

export function limitsOf({ access, limits, quota_per_hour: perHour }: Offer): Limits {
  const otherwise = access.open ? OPEN : LISTED;
  const atOnce = limits.at_once ?? otherwise.atOnce;
  const parts = access.open ? 2 : 1;
  const share = access.per_buyer
    ? { perHour: access.per_buyer.per_hour, atOnce: access.per_buyer.at_once }
    : {
        perHour: Math.max(1, Math.floor(perHour / parts)),
        atOnce: Math.max(1, Math.floor(atOnce / parts)),
      };
  const minutesAMonth = limits.minutes_per_month ?? otherwise.minutesAMonth;
  return { perHour, atOnce, minutesAMonth, minutes: Math.ceil(limits.seconds / 60), share };
}
