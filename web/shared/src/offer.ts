// An offer as its document says it; its hash names it for ever.
import type { InputSchema } from './inputs.ts';
import { documentHash, fieldHex } from './fields.ts';
import { canonicalBytes, type Json, type JsonObject } from './json.ts';
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
  sealrun: 1;
  kind: 'job';
  title: string;
  network: string;
  /** In the asset's smallest unit, as a decimal string. */
  price: string;
  terms: Record<string, unknown> | null;
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

/** `H("sealrun:offer", digest(document))` as 64 hex digits. */
export async function offerId(document: unknown): Promise<string> {
  return fieldHex(await documentHash('sealrun:offer', canonicalBytes(document as Json)));
}

/** The hash of the terms that calls of this offer name: 0 for one of price 0. */
export const NO_TERMS = '0'.repeat(64);
