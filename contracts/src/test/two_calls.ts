/** Two calls of one account, of which GitLab's token names one done and GitHub's the other: what proves, folds and settles them. */
import { Field, Signature, TokenId, UInt64 } from 'o1js';
import { voucherFields } from '../fields.js';
import { provedCallHash } from '../fold/call.js';
import { hashOfKey, type IssuerKey } from '../token/issuer_keys.js';
import { LAYOUTS } from '../token/layouts.js';
import { keyLeaves, keyRoot } from '../token/statement.js';
import { factValues, takeApart } from '../token/witness.js';
import { factsHashOf } from '../token/statement.js';
import {
  OUTPUTS,
  HEADERS,
  audience,
  claimsOf,
  jwk,
  key,
  signToken,
  type Claims,
  type Kind,
} from './tokens.js';
import * as calls from './proved_calls.js';
import { DEVNET } from './world.js';

export const KINDS = ['gitlab', 'github'] as const;
export const PRICE = calls.PRICES[0]!.amount.toBigInt();
const { account, buyer } = calls;

const SIGNERS = { gitlab: key('issuer'), github: key('stranger') } as const;
/** Each issuer's keys as it publishes them, the one that signs behind another. */
export const KEYS: Record<Kind, IssuerKey[]> = {
  gitlab: [{ ...published('gitlab'), kid: '-'.repeat(43) }, published('gitlab')],
  github: [published('github')],
};

function published(kind: Kind): IssuerKey {
  const { kid, x5t } = HEADERS[kind] as { kid: string; x5t?: string };
  return { ...jwk(SIGNERS[kind]), kid, ...(x5t === undefined ? {} : { x5t }) };
}

const hashOf = (kind: Kind): Field => hashOfKey(LAYOUTS[kind], KEYS[kind].at(-1)!);
const LEAVES = keyLeaves(KINDS.map(hashOf));
export const AGREED = calls.terms({ keys: keyRoot(LEAVES) });

/** As the tools read them. */
export const TERMS = {
  network: 'mina:devnet',
  asset: TokenId.toBase58(TokenId.default),
  ledger: '7',
  seller: calls.seller.address.toBase58(),
  operator: calls.operator.address.toBase58(),
  operator_share: 250,
  keys: `${AGREED.keys}`,
  exit_delay: 20,
};

/** What the last job's token says beside its audience. */
const CLAIMS: Record<Kind, Claims> = {
  gitlab: { pipeline_source: 'parent_pipeline', iat: calls.EXPIRES },
  github: { iat: calls.EXPIRES },
};
const FACTS = Object.fromEntries(KINDS.map((kind) => [kind, factsOf(kind, audience())])) as Record<
  Kind,
  Field
>;

function tokenOf(kind: Kind, aud: string): string {
  return signToken(kind, claimsOf[kind]({ ...CLAIMS[kind], aud }), SIGNERS[kind]);
}

function factsOf(kind: Kind, aud: string): Field {
  return factsHashOf(
    LAYOUTS[kind],
    factValues(LAYOUTS[kind], takeApart(LAYOUTS[kind], tokenOf(kind, aud))),
  );
}

const stepOf = (kind: Kind) => {
  const nonce = KINDS.indexOf(kind) + 1;
  const place = LEAVES.findIndex((leaf) => leaf.equals(hashOf(kind)).toBoolean());
  const call = { facts: FACTS[kind], keyPath: calls.keyPath(LEAVES, place) };
  return calls.step({ nonce, limit: BigInt(nonce) * PRICE, terms: AGREED, call });
};
const STEPS = Object.fromEntries(KINDS.map((kind) => [kind, stepOf(kind)])) as Record<
  Kind,
  calls.Step
>;

/** 64 hex digits. */
export const callOf = (kind: Kind): string =>
  provedCallHash(AGREED, account.address, STEPS[kind].call)
    .toBigInt()
    .toString(16)
    .padStart(64, '0');

/** A request of `prove-token`. */
export const proveRequest = (kind: Kind) => ({
  issuer: kind,
  token: tokenOf(kind, audience(callOf(kind), OUTPUTS)),
  keys: KEYS[kind],
});

/** A request of `fold`, with these documents of the tokens' proofs. */
export function foldRequest(tokens: Partial<Record<Kind, object>>) {
  const sold = KINDS.filter((kind) => tokens[kind] !== undefined);
  return {
    terms: TERMS,
    account: account.address.toBase58(),
    buyer: buyer.address.toBase58(),
    key_hashes: LEAVES.map(String),
    settled: [],
    calls: sold.map((kind) => ({ ...calls.opened(STEPS[kind]), token: tokens[kind] })),
  };
}

/** A request of `settle-proved` without a node, with a voucher over both prices. */
export function settleRequest(fold: object) {
  const limit = UInt64.from(2n * PRICE);
  const said = voucherFields(DEVNET, account.address, TokenId.default, limit, Field(5));
  const signature = Signature.create(buyer.key, said).toBase58();
  return {
    terms: TERMS,
    account: account.address.toBase58(),
    fold,
    voucher: { limit: `${limit}`, call_hash: '5', signature },
    seller_key: calls.seller.key.toBase58(),
  };
}
