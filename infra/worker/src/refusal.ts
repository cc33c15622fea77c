// Errors as values: an error that a Durable Object throws arrives without its class.
import {
  Conflict,
  Expired,
  OfferClosed,
  SealrunError,
  TooMany,
  Unavailable,
} from '../../../web/shared/src/errors.ts';

export interface Refusal {
  type: string;
  detail: string;
  retryAfter: number;
  call: string;
}

export function asRefusal(error: unknown): Refusal {
  if (!(error instanceof SealrunError)) throw error;
  return {
    type: error.type,
    detail: error.message,
    retryAfter: error instanceof TooMany ? error.retryAfter : 0,
    call: error instanceof Conflict ? error.call : '',
  };
}

export function asError({ type, detail, retryAfter, call }: Refusal): SealrunError {
  if (type === 'too-many') return new TooMany(detail, retryAfter);
  if (type === 'conflict') return new Conflict(detail, call);
  if (type === 'expired') return new Expired(detail);
  return type === 'offer-closed' ? new OfferClosed(detail) : new Unavailable(detail);
}
