/**
 * A proved account: a buyer's deposit that is settled on proofs of the CI's own tokens. No oracle has a part in it.
 *
 * A fold (`fold/`) proves any number of calls, each with its token, the buyer's voucher for it and its price; the account
 * pays their sum once. Everything else is the prepaid account's. Whom it still trusts is in ADR 41.
 */
import { Provable, Signature, UInt32, UInt64, declareState, method } from 'o1js';
import { DEPOSIT_STATE, DepositAccount, Voucher, requireSoundTerms } from './deposit_account.js';
import { Terms, settleFields } from './fields.js';
import { FoldProof } from './fold/programs.js';
import { NOTHING_SETTLED } from './fold/settled.js';

/** `receiptsRoot` is the root of `SettledCalls`, and 0 before the first settlement. */
export class ProvedAccount extends DepositAccount {
  /**
   * Pays for the calls of a fold. Anyone may send it, with the seller's consent: only who knows which calls are settled, and in
   * which order, can settle more, so nobody else may decide that.
   */
  @method async settle(terms: Terms, voucher: Voucher, fold: FoldProof, consent: Signature) {
    this.requireTermsToSettle(terms);
    terms.oracle.isEmpty().assertTrue('these terms are settled by an oracle, not by proofs');
    requireSoundTerms(terms);
    this.requireVoucher(terms, voucher);
    fold.verify();
    const { termsHash, account, buyer, before, after, amount, count } = fold.publicOutput;
    termsHash.assertEquals(terms.hash(), 'the fold is for other terms');
    account.equals(this.address).assertTrue('the fold is for another account');
    buyer
      .equals(this.buyer.getAndRequireEquals())
      .assertTrue("the fold is for another buyer's account");
    const settled = this.receiptsCount.getAndRequireEquals();
    const root = Provable.if(
      settled.value.equals(0),
      NOTHING_SETTLED,
      this.receiptsRoot.getAndRequireEquals(),
    );
    before.assertEquals(root, 'the fold does not begin where the account is');
    const due = this.spent.getAndRequireEquals().add(amount);
    terms.seller.isEmpty().assertFalse('the seller has an empty key');
    consent
      .verify(terms.seller, settleFields(terms.network, this.address, terms.asset, after, due))
      .assertTrue('the settlement is not signed by the seller');
    this.settleUpTo(terms, voucher, { due, root: after, count: settled.add(count) });
  }

  @method async payOperator(terms: Terms) {
    this.payAccrued(terms);
  }

  @method async requestExit(terms: Terms, latest: UInt32, signature: Signature) {
    this.beginExit(terms, latest, signature);
  }

  @method async withdraw(terms: Terms, amount: UInt64, signature: Signature) {
    this.payBuyer(terms, amount, signature);
  }
}
declareState(ProvedAccount, DEPOSIT_STATE);
