// All calls of an account, as its service lists them to the buyer: one signature, kept in this tab until it is over, and
// good for the private items of each call too.
import { CALLS } from '../../shared/src/fields.ts';
import { isObject, type JsonObject } from '../../shared/src/json.ts';
import * as read from '../../shared/src/read.ts';
import { inSeconds, signAccountRight, type Right } from './account_right.ts';
import { unitOf } from './format.ts';
import { ask } from './service/api.ts';
import { merge, type Bought } from './state/activity.ts';
import type { Show } from './wallet/sign.ts';
import type { Wallet } from './wallet/wallet.ts';

export interface Listed {
  service: string;
  network: string;
  account: string;
}

// The functions take an hour at most; clocks differ.
const RIGHT_SECONDS = 3000;
// Of fifty calls each.
const MAX_PAGES = 4;
const kept = new Map<string, { right: Right; expires: number }>();

/** The right that was signed in this tab for this account, while it lasts. */
export function keptRight(service: string, account: string, key: string): Right | undefined {
  const found = kept.get(nameOf(service, account, key));
  return found && found.expires > inSeconds(0) ? found.right : undefined;
}

/** Adds what the service lists to the runs that this browser knows; how many it listed. */
export async function listCalls(listed: Listed, wallet: Wallet, show: Show): Promise<number> {
  const { service, network, account } = listed;
  const right = keptRight(service, account, wallet.address) ?? (await signed(listed, wallet, show));
  const found: Bought[] = [];
  let after = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = new URLSearchParams({ network, ...(after && { after }) });
    const answer = await ask<unknown>(`${service}/accounts/${account}/calls?${query}`, {
      headers: right,
    });
    const value = isObject(answer) ? answer : {};
    if (value['account'] !== account) throw new Error('The service told of another account.');
    const calls = Array.isArray(value['calls']) ? value['calls'].filter(isObject) : [];
    found.push(...calls.map((call) => bought(call, service, account)));
    if (typeof value['next'] !== 'string' || calls.length === 0) break;
    after = value['next'].slice(0, 100);
  }
  merge(found);
  return found.length;
}

async function signed(listed: Listed, wallet: Wallet, show: Show): Promise<Right> {
  const expires = inSeconds(RIGHT_SECONDS);
  const right = await signAccountRight(CALLS, { ...listed, expires }, wallet, show);
  kept.set(nameOf(listed.service, listed.account, wallet.address), { right, expires });
  return right;
}

/** A call as the service lists it, with the names of its asset. */
function bought(call: JsonObject, service: string, account: string): Bought {
  const unit = unitOf(call);
  return {
    ...(unit && { unit }),
    call: read.text(call, 'call', read.HASH, read.HASH_SAYS),
    service,
    offer: read.text(call, 'offer', read.HASH, read.HASH_SAYS),
    title: read.text(call, 'title', read.PRINTABLE, 'a title'),
    price: String(read.decimal(call, 'price', read.MAX_UINT64)),
    inputs: null,
    account,
    at: read.whole(call, 'claimed_at', 0, read.MAX_UNIX_SECONDS),
    state: read.text(call, 'state', /^[a-z_]{1,40}$/, 'a state'),
  };
}

function nameOf(...parts: string[]): string {
  return parts.join(' ');
}
