/** The pinned code of the contracts, so that opening an account needs no compilation. */
import { readFileSync, writeFileSync } from 'node:fs';
import { circuitCache } from './backend.js';
import { Offer } from './offer.js';
import { PrepaidAccount } from './prepaid_account.js';

export interface PinnedKey {
  /** Base64, as the network stores it. */
  data: string;
  /** Decimal. */
  hash: string;
}

export interface PinnedKeys {
  o1js: string;
  PrepaidAccount: PinnedKey;
  Offer: PinnedKey;
}

const FILE = new URL('../verification_keys.json', import.meta.url);
const O1JS_VERSION = '2.15.0';

export function pinnedKeys(): PinnedKeys {
  return JSON.parse(readFileSync(FILE, 'utf8')) as PinnedKeys;
}

export async function compileKey(
  contract: typeof PrepaidAccount | typeof Offer,
): Promise<PinnedKey> {
  const { verificationKey } = await contract.compile({ cache: circuitCache() });
  return { data: verificationKey.data, hash: verificationKey.hash.toString() };
}

export async function writeKeys(): Promise<PinnedKeys> {
  const keys = {
    o1js: O1JS_VERSION,
    PrepaidAccount: await compileKey(PrepaidAccount),
    Offer: await compileKey(Offer),
  };
  writeFileSync(FILE, JSON.stringify(keys, null, 2) + '\n');
  return keys;
}
