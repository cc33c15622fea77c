// Services that this browser bought at before, with the oracle that signed for them then.
import { isObject } from '../../../shared/src/json.ts';
import { note, store, stored, useStored } from './storage.ts';

const NAME = 'services';

/** `new` before the first purchase; `changed` where another oracle signs now than signed then. */
export type Acquaintance = 'known' | 'new' | 'changed';

export function useAcquaintance(service: string, oracle: string): Acquaintance {
  const before = useStored(NAME);
  const known = isObject(before) && Object.hasOwn(before, service) ? before[service] : undefined;
  if (!Array.isArray(known)) return 'new';
  return known.includes(oracle) ? 'known' : 'changed';
}

export function meet(service: string, oracle: string): void {
  const before = stored(NAME);
  const all = isObject(before) ? before : {};
  const oracles = Object.hasOwn(all, service) && Array.isArray(all[service]) ? all[service] : [];
  if (!oracles.includes(oracle))
    note(() => store(NAME, { ...all, [service]: [...oracles, oracle] }));
}

/** The URLs of all services that this browser bought at. */
export function useServices(): string[] {
  const known = useStored(NAME);
  return isObject(known) ? Object.keys(known).filter((url) => URL.canParse(url)) : [];
}
