/** Opens an offer on chain: signatures only, no proof. Asked again with the same credential, it finds the contract that is there. */
import { Field } from 'o1js';
import { credentialHash } from '../credential.js';
import { openOffer } from '../opening.js';
import { pinnedKeys } from '../verification_keys.js';
import { ToolError } from './errors.js';
import type { Request } from './request.js';
import { run, type Tool } from './run.js';

export const tool: Tool = async (request, session) => {
  const offerKey = request.key('offer_key');
  const offer = offerKey.toPublicKey();
  const terms = request.terms();
  const offerHash = request.field('offer_hash');
  const uri = request.url('uri');
  const credential = request.has('credential')
    ? credentialBytes(request.part('credential'))
    : undefined;
  const verificationKey = pinnedKeys().Offer;
  const credentialField = credential ? credentialHash(credential) : Field(0);
  const told = {
    offer: offer.toBase58(),
    offer_hash: offerHash.toString(),
    terms_hash: terms.hash().toString(),
    credential_hash: credentialField.toString(),
    verification_key_hash: verificationKey.hash,
  };
  const found = await session.findAccount(offer);
  if (found !== undefined) {
    const state = [offerHash, terms.hash(), credentialField];
    const same = state.every((field, i) => found.zkapp?.appState[i]?.equals(field).toBoolean());
    if (!same)
      throw new ToolError(
        'wrong-account',
        'the contract is open with another offer, terms or credential: take a fresh key',
      );
    return { status: 'already-open', ...told };
  }
  const opening = {
    payer: session.payer.toPublicKey(),
    offer,
    offerHash,
    terms,
    uri,
    ...(credential && { credential }),
    verificationKey,
  };
  const sent = await session.send(async () => void openOffer(opening), [offerKey]);
  return { ...sent, ...told };
};

/** Canonical JSON (RFC 8785): names in order, no space. */
function credentialBytes(credential: Request): Uint8Array {
  const document = { endpoint: credential.url('endpoint'), sealed: credential.text('sealed') };
  return new TextEncoder().encode(JSON.stringify(document));
}

if (import.meta.main) await run(tool);
