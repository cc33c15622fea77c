/** New accounts: each gets all that it will ever be in the one update that its own key ever signs. */
import {
  AccountUpdate,
  Bool,
  Field,
  type Permissions,
  type PublicKey,
  TokenId,
  UInt64,
} from 'o1js';
import { STATE_FIELDS } from './protocol.js';
import { signsAll } from './seller_signature.js';
import type { PinnedKey } from './verification_keys.js';

/** Bytes of an account's URI (Mina's `zkapp_uri`). */
export const MAX_URI_BYTES = 255;

export interface NewAccount {
  /** MINA's if left out. */
  tokenId?: Field;
  /** What is left out is 0. */
  state: Field[];
  permissions: Permissions;
  /** Left out for an account without code. */
  verificationKey?: PinnedKey;
}

/** Who pays for it is said elsewhere in the transaction. */
export function create(
  address: PublicKey,
  { tokenId = TokenId.default, state, permissions, verificationKey }: NewAccount,
): AccountUpdate {
  const update = signedBy(address, tokenId);
  if (verificationKey !== undefined) {
    const { data, hash } = verificationKey;
    update.account.verificationKey.set({ data, hash: Field(hash) });
  }
  update.account.permissions.set(permissions);
  for (let i = 0; i < STATE_FIELDS; i++)
    AccountUpdate.setValue(update.update.appState[i]!, state[i] ?? Field(0));
  // A second opening of the same address fails here already, before its permissions are asked.
  update.account.isNew.requireEquals(Bool(true));
  return update;
}

/** An update that the address signs, with fee payer and memo; see `signsAll`. */
export function signedBy(address: PublicKey, tokenId: Field): AccountUpdate {
  const update = AccountUpdate.create(address, tokenId);
  update.requireSignature();
  return signsAll(update);
}

/** MINA that the transaction pays out elsewhere, of `payer`, who signs. */
export function payFrom(payer: PublicKey, amount: bigint): void {
  if (amount > 0n) AccountUpdate.createSigned(payer).balance.subInPlace(UInt64.from(amount));
}

export function requireDistinct(a: PublicKey, b: PublicKey, message: string): void {
  if (a.equals(b).toBoolean()) throw new RangeError(message);
}
