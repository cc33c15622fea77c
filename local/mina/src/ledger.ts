/**
 * o1js's LocalBlockchain as a ledger: it verifies proofs, signatures and permissions and applies commands.
 *
 * Differs from a node in one point: a command that asks for something an account's permissions forbid is refused
 * and costs nothing, where a node would include it as failed and take the fee.
 */
import { setBackend, Mina, PublicKey, TokenId, Types, UInt32, type Field } from 'o1js';
import { Refused } from './errors.js';

/** A third of wasm's processor time. */
setBackend('native');

export interface Failure {
  /** Place in the command: 0 is the fee payer, account updates follow. */
  index: number;
  failures: string[];
}

export type AccountJson = Types.Json.Account;

export interface Command {
  hash: string;
  memo: string;
  json: Types.Json.ZkappCommand;
  /** null if it was applied; else only the fee was taken. */
  failure: Failure[] | null;
}

type LocalChain = Awaited<ReturnType<typeof Mina.LocalBlockchain>>;

export class Ledger {
  private constructor(
    private readonly chain: LocalChain,
    readonly proofs: boolean,
  ) {}

  static async create(proofs: boolean): Promise<Ledger> {
    const chain = await Mina.LocalBlockchain({ proofsEnabled: proofs });
    Mina.setActiveInstance(chain);
    return new Ledger(chain, proofs);
  }

  addAccount(address: PublicKey, balance: bigint): void {
    this.chain.addAccount(address, balance.toString());
  }

  account(address: string, token: string): AccountJson | null {
    const { publicKey, tokenId } = accountId(address, token);
    if (!this.chain.hasAccount(publicKey, tokenId)) return null;
    return Types.Account.toJSON(this.chain.getAccount(publicKey, tokenId));
  }

  /** What preconditions on the network see: the parent block's height and slot. */
  setNetworkState(height: number, slot: number): void {
    this.chain.setBlockchainLength(UInt32.from(height));
    this.chain.setGlobalSlot(slot);
  }

  /** Verifies and applies. Throws `Refused` if the command may not enter a block at all. */
  async apply(json: Types.Json.ZkappCommand): Promise<Command> {
    const tx = Mina.Transaction.fromJSON(JSON.stringify(json));
    this.checkFeePayer(json);
    let sent;
    try {
      sent = await this.chain.sendTransaction(tx as never);
    } catch (error) {
      throw new Refused(firstLines((error as Error).message));
    }
    if (sent.status === 'pending') return { hash: sent.hash, memo: json.memo, json, failure: null };
    const text = sent.errors.join('\n');
    if (!this.feeTaken(json)) throw new Refused(firstLines(text));
    return { hash: sent.hash, memo: json.memo, json, failure: failures(text) };
  }

  /** Applies again what `apply` accepted before; proofs were verified then. */
  reapply(json: Types.Json.ZkappCommand): void {
    try {
      this.chain.applyJsonTransaction(JSON.stringify(json));
    } catch (error) {
      if (!this.feeTaken(json)) throw error;
    }
  }

  private checkFeePayer({ feePayer }: Types.Json.ZkappCommand): void {
    const { publicKey, nonce } = feePayer.body;
    const account = this.account(publicKey, DEFAULT_TOKEN);
    if (account === null) throw new Refused(`the fee payer has no account: ${publicKey}`);
    if (account.nonce !== nonce)
      throw new Refused(`the fee payer has another nonce: expected ${account.nonce}, got ${nonce}`);
  }

  private feeTaken({ feePayer }: Types.Json.ZkappCommand): boolean {
    return this.account(feePayer.body.publicKey, DEFAULT_TOKEN)?.nonce !== feePayer.body.nonce;
  }
}

export const DEFAULT_TOKEN = TokenId.toBase58(TokenId.default);

function accountId(address: string, token: string): { publicKey: PublicKey; tokenId: Field } {
  try {
    return { publicKey: PublicKey.fromBase58(address), tokenId: TokenId.fromBase58(token) };
  } catch {
    throw new Refused('the address or token is not valid');
  }
}

/** Whatever a client sent, as the command that o1js reads in it, with every field present. */
export function readCommand(json: unknown): Types.Json.ZkappCommand {
  try {
    const tx = Mina.Transaction.fromJSON(JSON.stringify(json));
    return JSON.parse(tx.toJSON()) as Types.Json.ZkappCommand;
  } catch (error) {
    throw new Refused(`the command cannot be read: ${firstLines((error as Error).message)}`);
  }
}

/** The ledger writes failures as nested lists, one per update; o1js may put words before them. */
function failures(text: string): Failure[] {
  const list = /\[\[.*\]\]/s.exec(text)?.[0];
  try {
    const parsed = JSON.parse(list ?? '') as [string, number?][][];
    return parsed
      .map((update, index) => ({ index, failures: update.map(failureName) }))
      .filter(({ failures }) => failures.length > 0);
  } catch {
    return [{ index: 0, failures: [firstLines(text)] }];
  }
}

/** Mina puts the index of a state field into the name; the ledger puts it beside. */
function failureName([name, index]: [string, number?]): string {
  return index === undefined ? name : name.replace('app_state', `app_state_${index}`);
}

/** Without the stack that o1js puts behind a failed check. */
function firstLines(text: string): string {
  return (text.split('Error trace:')[0] ?? '').replace(/\s+/g, ' ').trim().slice(0, 500);
}
