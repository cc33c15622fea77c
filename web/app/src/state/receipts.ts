// Receipts of runs that this browser checked and found to hold, as their bytes were: they stay when a service goes.
import { isObject } from '../../../shared/src/json.ts';
import { note, store, stored, useStored } from './storage.ts';

const NAME = 'receipts';
const MOST = 200;
// A receipt has about 800 bytes.
const MAX_LENGTH = 4096;

/** The receipts that are kept, by their calls. */
export function useReceipts(): Record<string, string> {
  return parsed(useStored(NAME));
}

/** Keep one; the oldest gives way where there are too many, and one that is too long is left out. */
export function keepReceipt(call: string, text: string): void {
  const before = parsed(stored(NAME));
  if (text.length > MAX_LENGTH || before[call] === text) return;
  const { [call]: _, ...others } = before;
  // Nothing depends on it: the receipt can be saved as a file.
  note(() =>
    store(NAME, Object.fromEntries([...Object.entries(others), [call, text]].slice(-MOST))),
  );
}

function parsed(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  const good = Object.entries(value).filter(
    ([call, text]) => /^[0-9a-f]{64}$/.test(call) && typeof text === 'string',
  );
  return Object.fromEntries(good) as Record<string, string>;
}
