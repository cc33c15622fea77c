/**
 * What one proved call adds to a fold: sentence by sentence the argument of ADR 41. Apart from the program, so that
 * attacks need no proofs.
 */
import { Field, Provable, PublicKey, Signature, Struct, UInt64 } from 'o1js';
import { type Terms, callHash, voucherFields } from '../fields.js';
import { MerklePath, rootOf } from '../merkle_path.js';
import { offerHash, priceLeaf } from '../offer_hash.js';
import { Said, TokenStatement } from '../token/statement.js';
import { type SettledCall, SettledCalls, settledValue } from './settled.js';

/** The longest time limit that an offer may have, in seconds: two days (ADR 34). */
export const MAX_RUN_SECONDS = 172_800;

/** A call's hash opened as far as a settlement needs it, with the buyer's signature for this very call. */
export class ProvedCall extends Struct({
  /** SHA-256 of the offer's document, high and low 128 bits. */
  digest: Provable.Array(Field, 2),
  /** The facts that the offer demands. */
  facts: Field,
  /** The offer's price in the asset of the terms, and its place among the prices. */
  price: UInt64,
  pricePath: MerklePath,
  inputsHash: Field,
  nonce: Field,
  /** Unix seconds. */
  expiresAt: UInt64,
  /** The running total in the voucher for this call. */
  limit: UInt64,
  signature: Signature,
  /** The place of the token's key among the issuer's keys. */
  keyPath: MerklePath,
}) {}

/** Whose calls are folded. All of it stays the same from the first call to the last. */
export class FoldContext extends Struct({ account: PublicKey, buyer: PublicKey }) {}

/** The hash of this call on this account, as its offer, facts and price make it. */
export function provedCallHash(terms: Terms, account: PublicKey, call: ProvedCall): Field {
  const prices = rootOf(call.pricePath, priceLeaf({ asset: terms.asset, amount: call.price }));
  const [high, low] = call.digest as [Field, Field];
  return callHash({
    network: terms.network,
    account,
    offerHash: offerHash([high, low], call.facts, prices),
    termsHash: terms.hash(),
    inputsHash: call.inputsHash,
    nonce: call.nonce,
    expiresAt: call.expiresAt.value,
  });
}

/**
 * Inserts the call into the map, and returns its price.
 *
 * Not checked here: that the token's statement was proved.
 */
export function addCall(
  token: TokenStatement,
  terms: Terms,
  { account, buyer }: FoldContext,
  call: ProvedCall,
  settled: SettledCalls,
): UInt64 {
  // 2. The key that signed is one of the issuer's keys that the terms name.
  rootOf(call.keyPath, token.key).assertEquals(terms.keys, 'the token has no key of these terms');
  // 3. The job ran as the offer demands.
  token.facts.assertEquals(call.facts, 'the token has other facts than the offer');
  // 4. The last job of the run said so: only its audience says "done".
  token.said.assertEquals(Said.done, 'the token does not say that the call is done');
  // 5. The token is about this call, and so about its offer, its price and its account under these terms.
  const hash = provedCallHash(terms, account, call);
  token.subject.assertEquals(hash, 'the token is about another call');
  // 6. The buyer signed this call: a seller cannot invent one.
  const voucher = voucherFields(terms.network, account, terms.asset, call.limit, hash);
  call.signature.verify(buyer, voucher).assertTrue('the call is not signed by the buyer');
  // 7. The run ended in the time that any offer allows.
  const iat = UInt64.Unsafe.fromField(token.iat);
  UInt64.check(iat);
  const latest = call.expiresAt.add(MAX_RUN_SECONDS);
  iat.assertLessThanOrEqual(latest, 'the token was issued after the end of the call');
  // 8. It was not settled before, and is from now on.
  settled.insert(hash, settledValue(settledCall(token, call.price)));
  return call.price;
}

/** What the map keeps of a call that `addCall` took. */
export function settledCall(token: TokenStatement, price: UInt64): SettledCall {
  const { subject, digestHigh, digestLow, iat } = token;
  return { call: subject, outputsHigh: digestHigh, outputsLow: digestLow, iat, price };
}
