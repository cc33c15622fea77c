// What a Worker is told: which offer it takes calls of, where its region is, and its secrets.
import { Unavailable } from '../../../web/shared/src/errors.ts';
import { addressOf } from '../../../web/shared/src/mina.ts';
import type { Desk } from './desk.ts';

/** The bindings of wrangler.jsonc. */
export interface Env {
  DESK: DurableObjectNamespace<Desk>;
  OFFER: string;
  PUBLIC_URL: string;
  REGION: string;
  /** `{token, origin, project, offer}`: the one API token, and what it may be used for. */
  CREDENTIAL: string;
  /** The Mina private key with which this edge signs wakes; the offer names its public key. */
  EDGE_KEY: string;
  /** "1" lets http://127.0.0.1 through, for trying everything on one machine. */
  UNSAFE_LOOPBACK?: string;
}

export interface Settings {
  offer: string;
  publicUrl: string;
  region: string;
  edge: string;
  unsafeLoopback: boolean;
}

/** The settings, once they make sense. No message repeats a secret. */
export function readSettings(env: Env): Settings {
  const unsafeLoopback = env.UNSAFE_LOOPBACK === '1';
  if (!/^[0-9a-f]{64}$/.test(env.OFFER))
    throw new Unavailable('OFFER: expected the hash of an offer, 64 hex digits, got another text');
  return {
    offer: env.OFFER,
    publicUrl: origin('PUBLIC_URL', env.PUBLIC_URL, unsafeLoopback),
    region: origin('REGION', env.REGION, unsafeLoopback),
    edge: edgeAddress(env.EDGE_KEY),
    unsafeLoopback,
  };
}

function edgeAddress(secret: string): string {
  try {
    return addressOf(secret);
  } catch {
    throw new Unavailable('EDGE_KEY: expected a private key in base58, got another text');
  }
}

/** True for https://host[:port], and on one machine for http://127.0.0.1:port. */
export function mayReach(url: string, unsafeLoopback: boolean): boolean {
  return (
    /^https:\/\//.test(url) || (unsafeLoopback && /^http:\/\/127\.0\.0\.1:\d+(?:\/|$)/.test(url))
  );
}

function origin(name: string, url: string, unsafeLoopback: boolean): string {
  if (!URL.canParse(url) || new URL(url).origin !== url || !mayReach(url, unsafeLoopback))
    throw new Unavailable(`${name}: expected https://host without a path, got another text`);
  return url;
}
