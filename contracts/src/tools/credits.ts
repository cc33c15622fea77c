/** What the tools read of credits, and check before they spend seconds on a proof. */
import { Field, PublicKey, TokenId } from 'o1js';
import { Ask } from '../ask.js';
import { CreditVault, useCreditVault } from '../credit_vault.js';
import { ToolError } from './errors.js';
import type { Session } from './session.js';

export interface CreditView {
  token: PublicKey;
  tokenId: Field;
  vault: CreditVault;
  seller: PublicKey;
  cap: bigint;
  minted: bigint;
  backing: bigint;
  expiry: bigint;
}

/**
 * Always asks the node again. Token and vault run the pinned code and name each other; whether all credits are counted, and
 * the permissions, are the business of whoever takes them.
 */
export async function fetchCredit(session: Session, token: PublicKey): Promise<CreditView> {
  useCreditVault();
  const owner = await session.requireCode(token, 'FungibleToken', "token's owner");
  const admin = PublicKey.fromFields(owner.zkapp!.appState.slice(1, 3));
  await session.requireCode(admin, 'CreditVault', "token's admin");
  const vault = new CreditVault(admin);
  if (!vault.token.get().equals(token).toBoolean())
    throw new ToolError('wrong-account', 'the vault keeps the backing of another token');
  return {
    token,
    tokenId: TokenId.derive(token),
    vault,
    seller: vault.seller.get(),
    cap: vault.cap.get().toBigInt(),
    minted: vault.minted.get().toBigInt(),
    backing: vault.backing.get().toBigInt(),
    expiry: vault.expiry.get().toBigint(),
  };
}

export interface AskView {
  contract: Ask;
  seller: PublicKey;
  price: bigint;
  amount: bigint;
}

export async function fetchAsk(
  session: Session,
  address: PublicKey,
  tokenId: Field,
): Promise<AskView> {
  const { balance } = await session.requireCode(address, 'Ask', 'ask', tokenId);
  const contract = new Ask(address, tokenId);
  return {
    contract,
    seller: contract.seller.get(),
    price: contract.price.get().toBigInt(),
    amount: balance.toBigInt(),
  };
}

/** The contract's own condition, told in words and before the proof. */
export function requirePayerIs(session: Session, seller: PublicKey, what: string): void {
  const payer = session.payer.toPublicKey();
  if (!payer.equals(seller).toBoolean())
    throw new ToolError(
      'wrong-account',
      `the payer is not the seller of this ${what}: expected ${seller.toBase58()}, got ${payer.toBase58()}`,
    );
}

export function atLeastOne(amount: bigint): void {
  if (amount === 0n) throw new ToolError('bad-request', 'amount: expected at least 1, got 0');
}
