// The requests of a service's HTTP API.
import { offerId } from './offer.ts';
import { problemWords } from './problems.ts';
import type { OfferView } from './views.ts';

/** The offer's view, if its document is the one that the hash names. */
export async function readOffer(service: string, offer: string): Promise<OfferView> {
  const view = await ask<OfferView>(`${service}/offers/${offer}`);
  if ((await offerId(view.document)) !== offer)
    throw new Error('The service showed another offer than the one asked for.');
  return view;
}

/** Sends a JSON body. */
export async function post<T>(url: string, body: unknown): Promise<T> {
  const headers = { 'Content-Type': 'application/json' };
  return ask<T>(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** One request without cookies, and its JSON; an error in the words of the problem document. */
export async function ask<T>(url: string, options: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, {
    ...options,
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  });
  const value: unknown = await answer.json();
  if (!answer.ok) throw new Error(problemWords(value) ?? String(answer.status));
  return value as T;
}
