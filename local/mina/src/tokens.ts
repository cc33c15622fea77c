/** Which accounts there are in each token, and who owns it: what a node's ledger looks up, read from the commands. */
import { PublicKey, TokenId } from 'o1js';
import type { Block } from './block.js';

interface AccountId {
  address: string;
  token: string;
}

export class Tokens {
  /** Addresses by token; some of them may have no account. */
  private readonly holders = new Map<string, Set<string>>();
  private readonly owners = new Map<string, AccountId>();

  /** Called for each block, in order. */
  add({ commands }: Block): void {
    for (const { json } of commands)
      for (const { body } of json.accountUpdates) this.addAccount(body.publicKey, body.tokenId);
  }

  accountsOf(token: string): AccountId[] {
    return [...(this.holders.get(token) ?? [])].map((address) => ({ address, token }));
  }

  ownerOf(token: string): AccountId | undefined {
    return this.owners.get(token);
  }

  private addAccount(address: string, token: string): void {
    const holders = this.holders.get(token) ?? new Set();
    if (holders.has(address)) return;
    this.holders.set(token, holders.add(address));
    const owned = TokenId.derive(PublicKey.fromBase58(address), TokenId.fromBase58(token));
    this.owners.set(TokenId.toBase58(owned), { address, token });
  }
}
