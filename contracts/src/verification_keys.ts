/** The pinned code of the contracts, so that opening an account needs no compilation. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { VerificationKey } from 'o1js';
import { FungibleToken, FungibleTokenAdmin } from 'mina-fungible-token';
import { Ask } from './ask.js';
import { circuitCache } from './backend.js';
import { CreditVault } from './credit_vault.js';
import { Offer } from './offer.js';
import { FoldProgram } from './fold/programs.js';
import { PrepaidAccount } from './prepaid_account.js';
import { ProvedAccount } from './proved_account.js';
import { keepWrapBasis } from './wrap_basis.js';

export interface PinnedKey {
  /** Base64, as the network stores it. */
  data: string;
  /** Decimal. */
  hash: string;
}

/** Ours, and the token standard's as `mina-fungible-token` 1.1.0 has them. */
export const CONTRACTS = {
  PrepaidAccount,
  ProvedAccount,
  Offer,
  CreditVault,
  Ask,
  FungibleToken,
  FungibleTokenAdmin,
};

export type ContractName = keyof typeof CONTRACTS;

export type PinnedKeys = { o1js: string } & Record<ContractName, PinnedKey>;

const FILE = new URL('../verification_keys.json', import.meta.url);
const O1JS_VERSION = '2.15.0';

export function pinnedKeys(): PinnedKeys {
  return JSON.parse(readFileSync(FILE, 'utf8')) as PinnedKeys;
}

export async function compileKey(name: ContractName): Promise<PinnedKey> {
  const verificationKey = await compileContract(name);
  return { data: verificationKey.data, hash: verificationKey.hash.toString() };
}

/** A proved account's code has the fold's baked in. */
async function compileContract(name: ContractName): Promise<VerificationKey> {
  const options = { cache: circuitCache() };
  if (name === 'ProvedAccount') await FoldProgram.compile(options);
  const { verificationKey } = await CONTRACTS[name].compile(options);
  await keepWrapBasis(verificationKey.data, options.cache);
  return verificationKey;
}

/**
 * For the prover: compiles what is pinned.
 *
 * o1js runs every method of a contract to learn its custom gates and the proofs that it verifies, and once more to compile it.
 * The token has eleven methods with neither, and is spared the first. Were that wrong, its key would not be the pinned one.
 *
 * @throws Error if another key comes out
 */
export async function compilePinned(name: ContractName): Promise<void> {
  if (name === 'FungibleToken') FungibleToken.analyzeMethods = withoutGates;
  const { hash } = await compileContract(name);
  const pinned = pinnedKeys()[name].hash;
  if (hash.toString() !== pinned)
    throw new Error(`${name}: expected the verification key ${pinned}, got ${hash}`);
}

function withoutGates(): ReturnType<typeof FungibleToken.analyzeMethods> {
  const nothing = { actions: 0, rows: 0, digest: '', gates: [], proofs: [] };
  const names = FungibleToken._methods!.map(({ methodName }) => methodName);
  return Promise.resolve(Object.fromEntries(names.map((name) => [name, nothing])));
}

export async function writeKeys(): Promise<PinnedKeys> {
  const keys = {
    o1js: O1JS_VERSION,
    PrepaidAccount: await compileKey('PrepaidAccount'),
    ProvedAccount: await compileKey('ProvedAccount'),
    Offer: await compileKey('Offer'),
    CreditVault: await compileKey('CreditVault'),
    Ask: await compileKey('Ask'),
    FungibleToken: await compileKey('FungibleToken'),
    FungibleTokenAdmin: await compileKey('FungibleTokenAdmin'),
  };
  writeFileSync(FILE, JSON.stringify(keys, null, 2) + '\n');
  return keys;
}
