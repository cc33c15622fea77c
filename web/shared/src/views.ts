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
  /** How many calls lie above it; 0 for one that no job made. */
  depth: number;
  reason: string | null;
  /** `public` says that anyone may open the run's page. */
  run: { id: number; url: string; public: boolean } | null;
  /** How the run's jobs stood when the service last looked, while it goes on. */
  progress: Progress | null;
  receipt: Receipt | null;
}

export interface Dropped {
  asset: string;
  symbol: string;
  reason: string;
}

/** The public view of an offer. */
export interface OfferView {
  offer: string;
  open: boolean;
  reason: string | null;
  runs_public: boolean;
  document: Offer;
  /** The prices that take no calls now; a service of before tells none. */
  dropped?: Dropped[];
  accepts: Record<string, unknown>[];
}
