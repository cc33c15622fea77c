// The operator's HTTP API, as far as a ticket needs it.
import { canonical, documentHash, fieldHex, holds, textField } from './mina.js';
import type { Redemption, Ticket } from './ticket.js';

export interface Property {
  type: 'boolean' | 'integer' | 'number' | 'string';
  title?: string;
  description?: string;
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  default?: string | number | boolean;
}

export interface Offer {
  title: string;
  price: string;
  oracle: string;
  inputs: { properties: Record<string, Property>; required?: string[]; 'x-order'?: string[] };
  source: { origin: string; project: string; ref: string; commit: string };
}

export interface Receipt {
  data: Record<string, string | number>;
  signature: string;
  publicKey: string;
}

export interface Call {
  call: string;
  state: string;
  reason: string | null;
  run: { url: string } | null;
  receipt: Receipt | null;
}

const POLL_MS = 1000;
const HASHES = [
  'call_hash',
  'offer_hash',
  'source_hash',
  'inputs_hash',
  'outputs_hash',
  'profile_hash',
];
const NUMBERS = ['status', 'grade', 'finished_at'];

/** The offer's document, if it is the one that the ticket names. */
export async function readOffer(ticket: Ticket): Promise<Offer> {
  const { audience, offer } = ticket.grant;
  const { document } = await ask<{ document: Offer }>(`${audience}/offers/${offer}`);
  const hash = await documentHash('sealrun:offer', new TextEncoder().encode(canonical(document)));
  if (fieldHex(hash) !== offer)
    throw new Error('The service showed another offer than the ticket is for.');
  return document;
}

export async function post(ticket: Ticket, redemption: Redemption): Promise<Call> {
  return ask<Call>(`${ticket.grant.audience}/tickets/${ticket.id}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(redemption.body),
  });
}

/** Asks until the call is over, and tells each answer. */
export async function follow(url: string, tell: (call: Call) => void): Promise<Call> {
  for (;;) {
    const call = await ask<Call>(url);
    tell(call);
    if (call.receipt) return call;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Whether the offer's oracle signed this receipt, and for this call. */
export function confirms(receipt: Receipt, offer: Offer, call: string): boolean {
  const { data, signature, publicKey } = receipt;
  const fields = [
    textField('sealrun:receipt'),
    textField(String(data.network)),
    ...[...HASHES, ...NUMBERS].map((name) => BigInt(data[name] ?? 0)),
  ];
  const ours = publicKey === offer.oracle && fieldHex(fields[2] ?? 0n) === call;
  return ours && holds(fields, signature, publicKey);
}

async function ask<T>(url: string, options: RequestInit = {}): Promise<T> {
  const answer = await fetch(url, {
    ...options,
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
  });
  const value = (await answer.json()) as T & { title?: string; detail?: string };
  if (!answer.ok) throw new Error(`${value.title ?? answer.status}: ${value.detail ?? ''}`);
  return value;
}
