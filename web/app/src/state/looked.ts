// The offers that this tab looked at, with what was typed in their forms: whoever opens an account in between, or looks
// elsewhere, finds them as they were left. Forgotten with the tab.
import type { Draft } from '../inputs.ts';

export interface Looked {
  service: string;
  offer: string;
  title: string;
  /** The hashes of the terms of accounts that can pay for it, one a price. */
  terms: string[];
  draft: Draft;
}

const MOST = 20;
const looked = new Map<string, Looked>();

/** The newest goes last. */
export function noteLook(one: Looked): void {
  const name = `${one.service} ${one.offer}`;
  looked.delete(name);
  looked.set(name, one);
  for (const oldest of [...looked.keys()].slice(0, -MOST)) looked.delete(oldest);
}

export function draftOf(service: string, offer: string): Draft {
  return looked.get(`${service} ${offer}`)?.draft ?? {};
}

/** The offer that was looked at last, of those that an account of these terms pays for. */
export function lastOf(terms: string): Looked | undefined {
  return [...looked.values()].filter((one) => one.terms.includes(terms)).at(-1);
}
