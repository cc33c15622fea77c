/**
 * Job credits: tokens of an unmodified FungibleToken 1.1.0, with this contract as its admin. The vault keeps `backing`
 * nanomina for each credit that is minted. The seller gets them back by turning in credits that runs have earned; from
 * slot `expiry` on, any holder gets them. So the backing is the seller's stake in the promise, and no more than that.
 *
 * Nothing changes after the opening: not the cap, the backing, the expiry, the admin or the code, and transfers are never
 * paused. The contract trusts its own state, and that the token has no credits that were made before its code was there;
 * readers check both on chain first.
 */
import { FungibleToken } from 'mina-fungible-token';
import {
  AccountUpdate,
  Bool,
  Provable,
  PublicKey,
  SmartContract,
  State,
  TokenId,
  UInt32,
  UInt64,
  VerificationKey,
  method,
  state,
} from 'o1js';
import { requireSignatureOf } from './seller_signature.js';

export class CreditVault extends SmartContract {
  @state(PublicKey) seller = State<PublicKey>();
  /** The account that owns the token. */
  @state(PublicKey) token = State<PublicKey>();
  /** Credits that can ever be minted; burning frees none of them. */
  @state(UInt64) cap = State<UInt64>();
  @state(UInt64) minted = State<UInt64>();
  /** Nanomina that are locked here for each credit; 0 for a promise that nothing stands behind. */
  @state(UInt64) backing = State<UInt64>();
  /** From this slot on nothing is minted, and every holder may turn credits in. */
  @state(UInt32) expiry = State<UInt32>();

  /** Asked by `FungibleToken.mint`. The seller signs; the backing comes from whoever balances the transaction. */
  @method.returns(Bool) async canMint(mint: AccountUpdate) {
    const token = this.token.getAndRequireEquals();
    mint.body.tokenId.assertEquals(TokenId.derive(token), 'the mint is of another token');
    mint.body.balanceChange.isPositive().assertTrue('the mint is not positive');
    const amount = mint.body.balanceChange.magnitude;
    requireSignatureOf(this.seller.getAndRequireEquals(), 'seller');
    const expiry = this.expiry.getAndRequireEquals();
    expiry.assertGreaterThan(UInt32.zero, 'the credits have expired');
    this.currentSlot.requireBetween(UInt32.zero, expiry.sub(1));
    const minted = this.minted.getAndRequireEquals().add(amount);
    minted.assertLessThanOrEqual(this.cap.getAndRequireEquals(), 'the mint is above the cap');
    this.minted.set(minted);
    this.balance.addInPlace(amount.mul(this.backing.getAndRequireEquals()));
    return Bool(true);
  }

  /**
   * Burns credits of `holder`, who signs, and pays `holder` what is locked for them: the seller at any time, everybody
   * else once a block of the slot `expiry` or later is there.
   */
  @method async redeem(holder: PublicKey, amount: UInt64) {
    holder.isEmpty().assertFalse('the holder has an empty key');
    amount.assertGreaterThan(UInt64.zero, 'nothing is turned in');
    const isSeller = holder.equals(this.seller.getAndRequireEquals());
    const first = Provable.if(isSeller, UInt32, UInt32.zero, this.expiry.getAndRequireEquals());
    this.network.globalSlotSinceGenesis.requireBetween(first, UInt32.MAXINT());
    const token = new FungibleToken(this.token.getAndRequireEquals());
    await token.burn(holder, amount);
    const value = amount.mul(this.backing.getAndRequireEquals());
    AccountUpdate.create(holder, TokenId.default).balance.addInPlace(value);
    this.balance.subInPlace(value);
  }

  @method.returns(Bool) async canChangeAdmin(_admin: PublicKey) {
    return Bool(false);
  }

  @method.returns(Bool) async canPause() {
    return Bool(false);
  }

  @method.returns(Bool) async canResume() {
    return Bool(false);
  }

  @method.returns(Bool) async canChangeVerificationKey(_key: VerificationKey) {
    return Bool(false);
  }
}

/** FungibleToken asks one class for leave, whatever token it is of: the tools deal with credits alone. */
export function useCreditVault(): void {
  FungibleToken.AdminContract = CreditVault;
}
