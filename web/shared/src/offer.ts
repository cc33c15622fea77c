// An offer as its document says it; its hash names it for ever.
import type { InputSchema } from './inputs.ts';
import type { Bytes } from './bytes.ts';
import { Malformed } from './errors.ts';
import { factsHash } from './facts.ts';
import { digestFields, fieldHex, sha256, taggedHash } from './fields.ts';
import { canonicalBytes, isObject, type JsonObject } from './json.ts';
import { pricesHash, readPrices, type PriceMember } from './prices.ts';
import * as read from './read.ts';

/** What the provider runs, and as whom. */
export interface Source {
  provider: 'gitlab' | 'github' | 'forgejo';
  origin: string;
  project: string;
  ref: string;
  commit: string;
  tree: string;
  configuration: { path: string; sha256: string; includes: string[] };
  user: number;
  /** The path that the provider is served under, such as /gitlab. */
  base_path?: string;
  inputs_as?: 'inputs' | 'variables';
}

export interface Offer {
  sealrun: 2;
  kind: 'job';
  title: string;
  network: string;
  /** One an asset; none for an offer of price 0. */
  prices: PriceMember[];
  /** Without an asset, which each price names. */
  terms: Record<string, unknown> | null;
  facts?: Record<string, string>;
  payment?: { depth: number; nodes: number; failed_per_day: number };
  credential?: { kind: 'chain'; contract: string };
  oracle: string;
  access: {
    open: boolean;
    keys: string[];
    per_buyer?: { per_hour: number; at_once: number; minutes_per_month?: number };
  };
  quota_per_hour: number;
  limits: {
    seconds: number;
    log_bytes: number;
    artifact_bytes: number;
    files: number;
    queue_seconds?: number;
    at_once?: number;
    minutes_per_month?: number;
  };
  inputs: InputSchema;
  source: Source;
  evidence: Record<string, unknown>;
  success?: { jobs: string[] };
  /** The key of the edge that takes this offer's calls. */
  edge?: string;
}

const SOURCE = [
  'provider',
  'origin',
  'project',
  'ref',
  'commit',
  'tree',
  'configuration',
  'user',
] as const;

/** The members of an offer's source. Throws Malformed where one is missing or unknown; values are not checked. */
export function sourceMembers(value: unknown): JsonObject {
  return read.only(value, SOURCE, 'source', ['base_path', 'inputs_as']);
}

/** `H("sealrun:offer", [digest(document), facts, prices])`. Not checked: what the rest of the document says. */
export async function offerHash(document: JsonObject, bytes: Bytes): Promise<bigint> {
  const { sealrun, prices, facts, source } = document;
  if (sealrun === 1 || Object.hasOwn(document, 'price'))
    throw new Malformed(
      'offer: expected form 2, which lists prices, got that of an older sealrun. Its seller publishes it anew.',
    );
  const pinned =
    facts === undefined ? 0n : factsHash(isObject(source) ? source.provider : '', facts);
  return offerFields(digestFields(await sha256(bytes)), pinned, pricesHash(readPrices(prices)));
}

/** The hash of an offer's three parts. */
export function offerFields(digest: [bigint, bigint], facts: bigint, prices: bigint): bigint {
  return taggedHash('sealrun:offer', [...digest, facts, prices]);
}

/** The hash of an offer's document as 64 hex digits. */
export async function offerId(document: unknown): Promise<string> {
  const value = read.only(document, Object.keys(isObject(document) ? document : {}), 'offer');
  return fieldHex(await offerHash(value, canonicalBytes(value)));
}

/** The hash of the terms that calls of this offer name: 0 for one of price 0. */
export const NO_TERMS = '0'.repeat(64);
