/**
 * Folds proved calls into one proof, which `settle-proved` sends. Asks no node and needs no key. A minute for each call; with a
 * `folder` an interrupted fold goes on where it stopped.
 */
import '../backend.js';
import { Field, UInt64 } from 'o1js';
import { type Terms, digestFields } from '../fields.js';
import { FoldContext, ProvedCall } from '../fold/call.js';
import { readSettledCall } from '../fold/document.js';
import { type CallToFold, CallRefused, fold } from '../fold/folding.js';
import { MAX_SETTLED } from '../fold/settled.js';
import { type MerklePath, pathOf } from '../merkle_path.js';
import { MAX_PRICES, type Price, offerHash, priceLeaf, pricesRoot } from '../offer_hash.js';
import { statementFields } from '../token/document.js';
import { MAX_KEYS, keyLeaves, keyRoot } from '../token/statement.js';
import { ToolError } from './errors.js';
import { readSettled } from './fold_document.js';
import type { Request } from './request.js';
import { run, type OfflineTool } from './run.js';
import { proofDocument } from './token.js';

/** As many calls as a fold takes at once: a day of proving. */
const MAX_CALLS = 1000;
/** Unix seconds, as calls have them. */
const MAX_SECONDS = 2 ** 53 - 1;

export const offlineTool: OfflineTool = async (request, progress) => {
  const terms = request.terms();
  const context = new FoldContext({
    account: request.address('account'),
    buyer: request.address('buyer'),
  });
  const keys = readKeys(request, terms);
  const settled = request
    .parts('settled', MAX_SETTLED)
    .map((part) => readSettledCall(readSettled(part)));
  const calls = request
    .parts('calls', MAX_CALLS)
    .map((part) => readCall(part, terms, context, keys));
  if (calls.length === 0) request.refuse('calls', 'at least one call');
  const folder = request.has('folder') ? { folder: request.text('folder') } : {};
  const options = { ...folder, proofs: request.flag('proofs', true), progress };
  try {
    return await fold(terms, context, settled, calls, options);
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    throw new ToolError('not-owed', `calls.${error.place}: ${error.message}`);
  }
};

/** The leaves of the terms' key root. */
function readKeys(request: Request, terms: Terms): Field[] {
  if (terms.keys.equals(0).toBoolean())
    request.part('terms').refuse('keys', 'the root of an issuer');
  const hashes = request.fields('key_hashes', MAX_KEYS);
  if (hashes.length === 0 || !keyRoot(hashes).equals(terms.keys).toBoolean())
    request.refuse('key_hashes', `the keys under the terms' root ${terms.keys}`);
  return keyLeaves(hashes);
}

function readCall(
  part: Request,
  terms: Terms,
  { account }: FoldContext,
  keys: Field[],
): CallToFold {
  const document = proofDocument(part.part('token'));
  const token = statementFields(document.statement);
  const offer = readOffer(part.part('offer'), terms);
  const opened = part.part('call');
  opened.same('network', terms.network, opened.network('network'));
  opened.same('account', account.x, opened.address('account').x);
  opened.same('terms_hash', terms.hash(), opened.field('terms_hash'));
  opened.same('offer_hash', offer.hash, opened.field('offer_hash'));
  const voucher = part.part('voucher');
  const call = new ProvedCall({
    ...offer.opened,
    inputsHash: opened.field('inputs_hash'),
    nonce: Field(BigInt(`0x${opened.digits('nonce', 32)}`)),
    expiresAt: UInt64.from(opened.whole('expires_at', 0, MAX_SECONDS)),
    limit: voucher.amount('limit'),
    signature: voucher.signature('signature'),
    keyPath: keyPath(part, token.key, keys),
  });
  return { call, issuer: document.issuer, token, proof: document.proof };
}

function keyPath(part: Request, key: Field, keys: Field[]): MerklePath {
  const place = keys.findIndex((each) => each.equals(key).toBoolean());
  if (place < 0) part.refuse('token', "a proof under one of the terms' keys");
  return pathOf(keys, place);
}

function readOffer(part: Request, { asset }: Terms) {
  const prices: Price[] = part
    .parts('prices', MAX_PRICES)
    .map((price) => ({ asset: price.token('asset'), amount: price.amount('amount') }));
  const place = prices.findIndex((price) => price.asset.equals(asset).toBoolean());
  if (place < 0) part.refuse('prices', 'one in the asset of the terms');
  const [high, low] = digestFields(Buffer.from(part.hash('digest'), 'hex'));
  const facts = part.field('facts');
  return {
    hash: offerHash([high, low], facts, pricesRoot(prices)),
    opened: {
      digest: [high, low],
      facts,
      price: prices[place]!.amount,
      pricePath: pathOf(prices.map(priceLeaf), place),
    },
  };
}

if (import.meta.main) await run({ offlineTool });
