/**
 * A prepaid account: one buyer's deposit for one set of terms, in MINA or in the token that the terms name.
 *
 * Vouchers are signed off chain, the seller settles any number of them at once on the oracle's word, and the buyer can always leave.
 * Opened by `opening.ts` with permissions that leave only the methods here. The contract trusts its own state;
 * whoever accepts a call checks code, permissions and state on chain first (A1).
 */
import { Field, Signature, Struct, UInt32, UInt64, declareState, method } from 'o1js';
import { DEPOSIT_STATE, DepositAccount, Voucher, requireSoundTerms } from './deposit_account.js';
import { Terms, dueFields, receiptsRoot } from './fields.js';

/** The oracle's signed statement of what is owed. */
export class Due extends Struct({
  /** Running total owed since the opening. */
  due: UInt64,
  treeRoot: Field,
  /** Number of leaves of the tree. */
  count: UInt32,
  signature: Signature,
}) {}

/** `receiptsRoot` is `H("sealrun:root", [tree root, count])` of the last settled due. */
export class PrepaidAccount extends DepositAccount {
  /** Pays what is owed and not yet paid. Anyone may send it; the two signatures decide (A6, A7, A8). */
  @method async settle(terms: Terms, voucher: Voucher, statement: Due) {
    this.requireTermsToSettle(terms);
    terms.keys.assertEquals(0, 'these terms are settled by proofs, not by an oracle');
    requireSoundTerms(terms);
    const { due, treeRoot, count } = statement;
    const root = receiptsRoot(treeRoot, count.value);
    this.requireVoucher(terms, voucher);
    statement.signature
      .verify(terms.oracle, dueFields(terms.network, this.address, terms.asset, due, root))
      .assertTrue('the due is not signed by the oracle of these terms');
    this.settleUpTo(terms, voucher, { due, root, count });
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
declareState(PrepaidAccount, DEPOSIT_STATE);
