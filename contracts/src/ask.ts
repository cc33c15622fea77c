/**
 * An order to sell: tokens in an account of their own token's id, sold in whole units at a price in nanomina each. The
 * money goes to the seller in the same transaction; no key moves what lies here. Every transaction with an ask needs the
 * approval of the token's owner. The contract trusts its own state; buyers check code, permissions and token first.
 */
import {
  AccountUpdate,
  Bool,
  PublicKey,
  SmartContract,
  State,
  TokenId,
  UInt64,
  method,
  state,
} from 'o1js';
import { requireSignatureOf } from './seller_signature.js';

export class Ask extends SmartContract {
  @state(PublicKey) seller = State<PublicKey>();
  /** Nanomina for one of the token's smallest units. */
  @state(UInt64) price = State<UInt64>();

  /**
   * Pays the seller, and gives `to` what was bought. The money comes from whoever balances the transaction; a proof holds
   * for the price that it was made on, so a price that is raised meanwhile is not paid.
   */
  @method async buy(amount: UInt64, to: PublicKey) {
    amount.assertGreaterThan(UInt64.zero, 'nothing is bought');
    const total = amount.mul(this.price.getAndRequireEquals());
    this.give(to, amount, 'receiver');
    const seller = this.seller.getAndRequireEquals();
    seller.isEmpty().assertFalse('the seller has an empty key');
    AccountUpdate.create(seller, TokenId.default).balance.addInPlace(total);
  }

  @method async reprice(price: UInt64) {
    price.assertGreaterThan(UInt64.zero, 'the price is 0');
    requireSignatureOf(this.seller.getAndRequireEquals(), 'seller');
    this.price.set(price);
  }

  /** Gives the seller, who signs, what is not sold. */
  @method async takeBack(amount: UInt64) {
    amount.assertGreaterThan(UInt64.zero, 'nothing is taken back');
    const seller = this.seller.getAndRequireEquals();
    requireSignatureOf(seller, 'seller');
    this.give(seller, amount, 'seller');
  }

  private give(to: PublicKey, amount: UInt64, who: string) {
    this.tokenId.assertNotEquals(TokenId.default, 'MINA is not for sale here');
    to.isEmpty().assertFalse(`the ${who} has an empty key`);
    const receiver = AccountUpdate.create(to, this.tokenId);
    // The receiver's update has the owner's leave by way of this account's, which the owner approved.
    receiver.body.mayUseToken = { parentsOwnToken: Bool(false), inheritFromParent: Bool(true) };
    receiver.balance.addInPlace(amount);
    this.balance.subInPlace(amount);
  }
}
