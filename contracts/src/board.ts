/**
 * Boards and listings: accounts without code, made with signatures only. A board is the token of an account that asks nobody for
 * approval, so that anybody makes accounts in it; a listing is such an account. Nothing of either can ever change.
 */
import { createHash } from 'node:crypto';
import { AccountUpdate, Field, Permissions, type PublicKey, type Signature, TokenId } from 'o1js';
import { listFields } from './fields.js';
import { MAX_URI_BYTES, create, payFrom, requireDistinct } from './new_account.js';
import { ACCOUNT_CREATION_FEE } from './protocol.js';

/** Nothing of a listing can change, and nobody can use it: with `access` Impossible, not after a hard fork either. */
export const LISTING_PERMISSIONS: Permissions = {
  ...Permissions.allImpossible(),
  setVerificationKey: Permissions.VerificationKey.impossibleDuringCurrentVersion(),
};

/** Everybody may make accounts in a board's token, for ever. */
export const BOARD_PERMISSIONS: Permissions = {
  ...LISTING_PERMISSIONS,
  access: Permissions.none(),
};

const HALF = 1n << 128n;

export interface Listing {
  /** The owner of the board's token. */
  board: PublicKey;
  /** The offer's contract. */
  offer: PublicKey;
  offerHash: Field;
  seller: PublicKey;
  /** Of the offer: where its document is, and where it is called. */
  url: string;
  /** The seller's, over `listFields`. */
  signature: Signature;
}

/** Call inside `Mina.transaction`; payer and board key sign. */
export function openBoard(payer: PublicKey, board: PublicKey): void {
  requireDistinct(payer, board, 'the board cannot pay for its own opening');
  payFrom(payer, ACCOUNT_CREATION_FEE);
  create(board, { state: [], permissions: BOARD_PERMISSIONS });
}

/**
 * Call inside `Mina.transaction`; payer and listing key sign. The listing key is a fresh one without any power later. Rejects what
 * no reader would show.
 */
export function list(payer: PublicKey, listing: PublicKey, network: Field, what: Listing): void {
  requireDistinct(payer, listing, 'the listing cannot pay for its own opening');
  checkListing(network, what);
  payFrom(payer, ACCOUNT_CREATION_FEE);
  const owner = AccountUpdate.create(what.board);
  const update = create(listing, {
    tokenId: TokenId.derive(what.board),
    state: listingState(what),
    permissions: LISTING_PERMISSIONS,
  });
  update.account.zkappUri.set(what.url);
  owner.approve(update);
  update.body.mayUseToken = AccountUpdate.MayUseToken.ParentsOwnToken;
}

/** Contract, seller, hash and signature: all eight fields. The signature's scalar may not fit into one. */
export function listingState({ offer, seller, offerHash, signature }: Listing): Field[] {
  const s = signature.s.toBigInt();
  const parts = [Field(s % HALF), Field(s / HALF)];
  return [...offer.toFields(), ...seller.toFields(), offerHash, signature.r, ...parts];
}

function checkListing(network: Field, what: Listing): void {
  const { board, offer, offerHash, seller, url, signature } = what;
  const bytes = new TextEncoder().encode(url);
  const id = offerHash.toBigInt().toString(16).padStart(64, '0');
  if (bytes.length > MAX_URI_BYTES || !url.endsWith(`/offers/${id}`))
    throw new RangeError(`the url: expected .../offers/${id} of at most ${MAX_URI_BYTES} bytes`);
  const digest = createHash('sha256').update(bytes).digest();
  const fields = listFields(network, board, offer, offerHash, digest);
  if (!signature.verify(seller, fields).toBoolean())
    throw new RangeError("the signature is not the seller's over this listing");
}
