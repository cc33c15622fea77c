// Letters that this browser dropped for tickets, until they are answered: a ticket that is opened again goes on waiting.
import { isObject } from '../../../shared/src/json.ts';
import { store, stored } from './storage.ts';

export interface Dropped {
  /** The ticket's id, 64 hex digits. */
  ticket: string;
  /** The hash of the call that it starts. */
  call: string;
  /** The request's body, as it was dropped. It holds no secret. */
  body: string;
  /** Unix milliseconds. */
  at: number;
}

const NAME = 'letters';
const MOST = 50;
const MAX_BODY = 1 << 16;

export function droppedFor(ticket: string): Dropped | undefined {
  return all().find((one) => one.ticket === ticket);
}

export function keepDropped(letter: Dropped): void {
  store(NAME, [letter, ...others(letter.ticket)].slice(0, MOST));
}

export function forgetDropped(ticket: string): void {
  store(NAME, others(ticket));
}

function others(ticket: string): Dropped[] {
  return all().filter((one) => one.ticket !== ticket);
}

function all(): Dropped[] {
  const value = stored(NAME);
  return Array.isArray(value) ? value.filter(isDropped) : [];
}

function isDropped(value: unknown): value is Dropped {
  return (
    isObject(value) &&
    ['ticket', 'call'].every((name) => /^[0-9a-f]{64}$/.test(String(value[name]))) &&
    typeof value['body'] === 'string' &&
    value['body'].length <= MAX_BODY &&
    typeof value['at'] === 'number'
  );
}
