/** The public part of a fold: for which account it counts, where it begins and ends, and what the calls between cost. */
import { Field, PublicKey, Struct, UInt32, UInt64 } from 'o1js';

export class FoldStatement extends Struct({
  /** Of the account's terms: network, asset and the issuer's keys follow from it. */
  termsHash: Field,
  account: PublicKey,
  /** Whose vouchers were checked. */
  buyer: PublicKey,
  /** Root of the map of settled calls before the first and after the last call. */
  before: Field,
  after: Field,
  /** Sum of the prices of the calls, in the asset's smallest unit. */
  amount: UInt64,
  /** Number of calls, at least 1. */
  count: UInt32,
}) {}
