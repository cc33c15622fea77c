/**
 * An offer on chain: the hash of its document, the terms it is sold under, its sealed credential if it has one
 * there, and whether it is still open. Nothing of it can change but open to closed, once, by the seller.
 */
import { Field, Signature, SmartContract, State, TokenId, method, state } from 'o1js';
import { Terms, closeFields } from './fields.js';

/** Values of `Offer.closed`. */
export const OPEN = Field(0);
export const CLOSED = Field(1);

export class Offer extends SmartContract {
  @state(Field) offerHash = State<Field>();
  @state(Field) termsHash = State<Field>();
  /** Hash of the credential document in the opening event; 0 if the credential is not on chain (A11). */
  @state(Field) credentialHash = State<Field>();
  @state(Field) closed = State<Field>();

  /** The terms name seller and network; the signature is the seller's over this offer's address. */
  @method async close(terms: Terms, signature: Signature) {
    this.tokenId.assertEquals(TokenId.default, 'the account is not in MINA');
    this.termsHash
      .getAndRequireEquals()
      .assertEquals(terms.hash(), 'the terms are not those of this offer');
    signature
      .verify(terms.seller, closeFields(terms.network, this.address))
      .assertTrue('the closing is not signed by the seller');
    this.closed.getAndRequireEquals().assertEquals(OPEN, 'the offer is already closed');
    this.closed.set(CLOSED);
  }
}
