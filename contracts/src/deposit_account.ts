/**
 * What every account of a buyer's deposit does, whoever says what is owed: `PrepaidAccount` believes an oracle's word,
 * `ProvedAccount` a proof. The contracts differ in that alone.
 *
 * The methods here are plain ones: o1js wants each contract to declare its own, and its state with `DEPOSIT_STATE`.
 */
import {
  AccountUpdate,
  Bool,
  Field,
  Provable,
  PublicKey,
  Signature,
  SmartContract,
  State,
  Struct,
  TokenId,
  UInt32,
  UInt64,
} from 'o1js';
import { MAX_EXIT_DELAY, Terms, exitFields, voucherFields, withdrawFields } from './fields.js';

/** Terms state the operator's share in basis points of this. */
export const SHARE_UNIT = 10_000n;

/** An exit request is signed for at most so many slots ahead: two days of 180 s, one of 90 s. */
export const EXIT_WINDOW = 960;

/** The buyer's signature inside a call. */
export class Voucher extends Struct({
  /** Running total that may be settled, in the asset's smallest unit, as all amounts here. */
  limit: UInt64,
  callHash: Field,
  signature: Signature,
}) {}

/** What is owed in all since the opening, and the calls that it is owed for. */
export interface Owed {
  due: UInt64;
  root: Field;
  count: UInt32;
}

/** The eight fields of state, in their order. */
export const DEPOSIT_STATE = {
  termsHash: Field,
  buyer: PublicKey,
  spent: UInt64,
  exitSlot: UInt32,
  accrued: UInt64,
  receiptsRoot: Field,
  receiptsCount: UInt32,
};

export abstract class DepositAccount extends SmartContract {
  termsHash = State<Field>();
  buyer = State<PublicKey>();
  /** The last settled due. */
  spent = State<UInt64>();
  /** First slot of the next withdrawal, each of which adds 1; 0 as long as nobody asked to leave. */
  exitSlot = State<UInt32>();
  /** The operator's share that waits to be pulled. */
  accrued = State<UInt64>();
  /** Of the calls that are settled: each contract has a tree of its own. */
  receiptsRoot = State<Field>();
  /** Calls under that root; only ever grows (A7). */
  receiptsCount = State<UInt32>();

  /** The account is one of these terms, in their asset, and nobody settles under others. */
  protected requireTermsToSettle(terms: Terms) {
    this.requireTerms(terms);
    this.requireAsset(terms);
  }

  /** Pays what is owed and not yet paid, within the voucher (A6, A7, A8). The caller checked who says that it is owed. */
  protected settleUpTo(terms: Terms, voucher: Voucher, { due, root, count }: Owed) {
    const spent = this.spent.getAndRequireEquals();
    due.assertGreaterThan(spent, 'the due is not above what is already settled');
    due.assertLessThanOrEqual(voucher.limit, 'the due is above the limit that the buyer signed');
    const before = this.receiptsCount.getAndRequireEquals();
    count.assertGreaterThan(before, 'the receipts do not grow');

    const share = operatorPart(due, terms).sub(operatorPart(spent, terms));
    const accrued = this.accrued.getAndRequireEquals();
    this.requireBalance(due.sub(spent).add(accrued));
    this.pay(terms.seller, due.sub(spent).sub(share), 'seller');
    this.accrued.set(accrued.add(share));
    this.spent.set(due);
    this.receiptsRoot.set(root);
    this.receiptsCount.set(count);
  }

  /** Pays the operator what accrued. Apart from a settlement, so that an operator cannot block the seller (A7). */
  protected payAccrued(terms: Terms) {
    this.requireTerms(terms);
    const accrued = this.accrued.getAndRequireEquals();
    accrued.assertGreaterThan(UInt64.zero, 'nothing has accrued');
    this.pay(terms.operator, accrued, 'operator');
    this.accrued.set(UInt64.zero);
  }

  /**
   * Begins the buyer's exit, once and for all (A5). The block that takes the request has a slot up to `latest`, and
   * the delay counts from there: however early it lands, the seller has the whole delay to settle. `latest` is at most
   * `EXIT_WINDOW` ahead, so that no mistake and no lying node puts the exit out of reach. Terms that `settle` refuses do
   * not keep the buyer: a longer delay than terms may have counts as the longest one.
   */
  protected beginExit(terms: Terms, latest: UInt32, signature: Signature) {
    this.requireTerms(terms);
    const buyer = this.buyer.getAndRequireEquals();
    signature
      .verify(buyer, exitFields(terms.network, this.address, this.tokenId, latest))
      .assertTrue('the exit is not signed by the buyer');
    this.exitSlot.getAndRequireEquals().value.assertEquals(0, 'the exit was already requested');
    // The slot of the request's own block. `network.globalSlotSinceGenesis` is its parent's: empty slots between the two
    // would be taken off the delay.
    this.currentSlot.requireBetween(earlier(latest, EXIT_WINDOW), latest);
    this.exitSlot.set(latest.add(smaller(terms.exitDelay, MAX_EXIT_DELAY)));
  }

  /**
   * Pays the buyer, who signs each withdrawal, once a block of the exit slot or later is there (A5, A12). What accrued
   * to the operator stays.
   */
  protected payBuyer(terms: Terms, amount: UInt64, signature: Signature) {
    this.requireTerms(terms);
    const buyer = this.buyer.getAndRequireEquals();
    const exitSlot = this.exitSlot.getAndRequireEquals();
    exitSlot.assertGreaterThan(UInt32.zero, 'the exit was not requested');
    signature
      .verify(buyer, withdrawFields(terms.network, this.address, this.tokenId, exitSlot, amount))
      .assertTrue('the withdrawal is not signed by the buyer');
    // The parent block's slot: whoever settles has at least one block of the exit slot or later to themselves.
    this.network.globalSlotSinceGenesis.requireBetween(exitSlot, UInt32.MAXINT());
    this.requireBalance(amount.add(this.accrued.getAndRequireEquals()));
    this.pay(buyer, amount, 'buyer');
    this.exitSlot.set(exitSlot.add(1));
  }

  protected requireTerms(terms: Terms) {
    this.termsHash
      .getAndRequireEquals()
      .assertEquals(terms.hash(), 'the terms are not those of this account');
  }

  protected requireVoucher(terms: Terms, voucher: Voucher) {
    const signed = voucherFields(
      terms.network,
      this.address,
      terms.asset,
      voucher.limit,
      voucher.callHash,
    );
    voucher.signature
      .verify(this.buyer.getAndRequireEquals(), signed)
      .assertTrue('the voucher is not signed by the buyer of this account');
  }

  /**
   * The same address can hold an account in any token: only that of the terms settles vouchers. Exits and withdrawals
   * name the token that the account is in, whatever the terms say: they would lock the buyer's money.
   */
  private requireAsset(terms: Terms) {
    this.tokenId.assertEquals(terms.asset, 'the account is not in the asset of these terms');
  }

  /**
   * A lower bound and never an equality: a deposit that arrives meanwhile must not spoil the proof (A6). It keeps
   * the balance at or above what accrued to the operator, whatever the oracle signs (A7).
   */
  private requireBalance(least: UInt64) {
    this.account.balance.requireBetween(least, UInt64.MAXINT());
  }

  /** Updates of the empty key are left out of a transaction, and their money goes to whoever takes it (A1). */
  private pay(to: PublicKey, amount: UInt64, who: string) {
    to.isEmpty().assertFalse(`the ${who} has an empty key`);
    const receiver = AccountUpdate.create(to, this.tokenId);
    // In a token, the receiver's update has the owner's leave by way of the account's, which the owner approved.
    receiver.body.mayUseToken = {
      parentsOwnToken: Bool(false),
      inheritFromParent: this.tokenId.equals(TokenId.default).not(),
    };
    receiver.balance.addInPlace(amount);
    this.balance.subInPlace(amount);
  }
}

/** Nobody can settle under other terms. Exits and withdrawals do not ask: they would lock the buyer's money. */
export function requireSoundTerms(terms: Terms): void {
  terms.operatorShare.assertLessThanOrEqual(
    UInt32.from(SHARE_UNIT),
    'the operator share is above 10000 basis points',
  );
  terms.exitDelay.assertLessThanOrEqual(
    UInt32.from(MAX_EXIT_DELAY),
    `the exit delay is above ${MAX_EXIT_DELAY} slots`,
  );
}

function smaller(value: UInt32, most: number): UInt32 {
  const limit = UInt32.from(most);
  return Provable.if(value.lessThan(limit), UInt32, value, limit);
}

/** `slot` less `count`, and 0 where that would be below. */
function earlier(slot: UInt32, count: number): UInt32 {
  return slot.sub(smaller(slot, count));
}

/**
 * floor(total * share / 10000), in and out of circuits. The share of a settlement is the difference of two of
 * these, so that rounding never adds up. Quotient and remainder, because the plain product overflows 64 bits (A7).
 */
export function operatorPart(total: UInt64, terms: Terms): UInt64 {
  const share = terms.operatorShare.toUInt64();
  const { quotient, rest } = total.divMod(UInt64.from(SHARE_UNIT));
  return quotient.mul(share).add(rest.mul(share).div(UInt64.from(SHARE_UNIT)));
}
