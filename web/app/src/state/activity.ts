// The runs that this browser bought.
import { isObject } from '../../../shared/src/json.ts';
import type { Inputs } from '../../../shared/src/inputs.ts';
import { MINA_UNIT, unitOf, written, type Unit } from '../format.ts';
import { note, stored, store, useStored } from './storage.ts';

export interface Bought {
  call: string;
  service: string;
  offer: string;
  title: string;
  /** In the smallest unit of its asset, as decimal text. */
  price: string;
  /** Of the asset; of MINA where it is left out. */
  unit?: Unit;
  /** Null where a service listed the run: it names no inputs. */
  inputs: Inputs | null;
  account: string;
  /** Unix seconds. */
  at: number;
  /** As last seen; empty before the service answered. */
  state: string;
}

const NAME = 'activity';
const MOST = 200;
// Longer than any state has.
const MOST_STATE = 40;
const TEXTS = ['call', 'service', 'offer', 'title', 'price', 'account', 'state'];

export function activity(): Bought[] {
  return parsed(stored(NAME));
}

export function useActivity(): Bought[] {
  return parsed(useStored(NAME));
}

/** Kept before anything is sent, so that a reload finds the run again; what a service listed makes room for it. */
export function remember(bought: Bought): void {
  const others = activity().filter(({ call }) => call !== bought.call);
  let room = MOST - 1 - others.filter(isOwn).length;
  const kept = others.filter((one) => isOwn(one) || room-- > 0);
  store(NAME, [bought, ...kept].slice(0, MOST));
}

function isOwn({ inputs }: Bought): boolean {
  return inputs !== null;
}

/**
 * Adds runs that a service lists. What this browser bought itself is never pushed out, and keeps its inputs; how it stands
 * is told by the service that it was bought at, and by no other.
 */
export function merge(listed: Bought[]): void {
  const mine = activity();
  const states = new Map(listed.map((one) => [placed(one), one.state]));
  const known = new Set(mine.map(({ call }) => call));
  const fresh = listed
    .filter(({ call }) => !known.has(call))
    .sort((a, b) => b.at - a.at)
    .slice(0, MOST - mine.length);
  const updated = mine.map((one) => ({ ...one, state: states.get(placed(one)) ?? one.state }));
  store(
    NAME,
    [...updated, ...fresh].sort((a, b) => b.at - a.at),
  );
}

export function forgetCall(call: string): void {
  store(
    NAME,
    activity().filter((one) => one.call !== call),
  );
}

/** As this service tells it, of a run that was bought there; what is no text says nothing. */
export function noteState(service: string, call: string, told: unknown): void {
  if (typeof told !== 'string') return;
  const state = told.slice(0, MOST_STATE);
  const all = activity();
  const known = all.find((one) => placed(one) === placed({ service, call }));
  if (known && known.state !== state)
    note(() =>
      store(
        NAME,
        all.map((one) => (one === known ? { ...one, state } : one)),
      ),
    );
}

function placed({ service, call }: Pick<Bought, 'service' | 'call'>): string {
  return `${service} ${call}`;
}

/** The price, or as much of it as is due. */
export function costOf({ price, unit }: Bought, due = price): string {
  return price === '0' ? 'free' : written(due, unit ?? MINA_UNIT);
}

function parsed(value: unknown): Bought[] {
  return Array.isArray(value) ? value.filter(isBought).slice(0, MOST) : [];
}

function isBought(value: unknown): value is Bought {
  return (
    isObject(value) &&
    TEXTS.every((name) => typeof value[name] === 'string') &&
    /^\d{1,20}$/.test(String(value['price'])) &&
    typeof value['at'] === 'number' &&
    (value['unit'] === undefined || unitOf(value['unit']) !== undefined) &&
    (value['inputs'] === null || isObject(value['inputs']))
  );
}
