// What a service shows of offers and calls.
import type { Offer } from './offer.ts';
import type { Receipt } from './receipt.ts';

export interface Progress {
  at: number;
  jobs: { name: string; state: string }[];
  more: number;
}

/** The public view of a call. */
export interface CallView {
  call: string;
  offer: string;
  state: string;
  claimed_at: number;
  reason: string | null;
  run: { id: number; url: string } | null;
  /** How the run's jobs stood when the service last looked, while it goes on. */
  progress: Progress | null;
  receipt: Receipt | null;
}

/** The public view of an offer. */
export interface OfferView {
  offer: string;
  open: boolean;
  reason: string | null;
  document: Offer;
  accepts: Record<string, unknown>[];
}
