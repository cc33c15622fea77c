/** One tool's connection to a node: accounts, slots, and sending what it built. */
import '../backend.js';
import { setTimeout } from 'node:timers/promises';
import {
  type Account,
  type AccountUpdate,
  type Field,
  Mina,
  type NetworkId,
  type PrivateKey,
  PublicKey,
  TokenId,
  Types,
  checkZkappTransaction,
  fetchAccount,
  fetchLastBlock,
} from 'o1js';
import { ACCOUNT_CREATION_FEE } from '../protocol.js';
import { type ContractName, compilePinned, pinnedKeys } from '../verification_keys.js';
import { expectApproval, proveBeside } from './approval.js';
import { ToolError } from './errors.js';
import type { Request } from './request.js';
import { endRequests } from './requests.js';

endRequests();

/** 0.1 MINA. */
const DEFAULT_FEE = 100_000_000n;
const DEFAULT_WAIT_SECONDS = 1800;
const DEFAULT_POLL_MS = 10_000;
const ANSWER_MS = 30_000;
/** By what a node calls its network. */
const NETWORKS = new Map<string, NetworkId>([
  ['mina:devnet', 'devnet'],
  ['mina:mainnet', 'mainnet'],
]);

/** Whose very bytes wait in the node's pool: `["Duplicate"]`, or in words. */
const DUPLICATE = /\bduplicate\b/i;

export type Progress = (text: string) => void;

export interface Sent {
  hash: string;
  status: 'included' | 'pending';
}

type Transaction = Awaited<ReturnType<typeof Mina.transaction>>;

export class Session {
  readonly payer: PrivateKey;
  private readonly node: string;
  private readonly fee: bigint;
  private readonly wait: boolean;
  private readonly proofs: boolean;
  private readonly pollMs: number;
  private readonly waitMs: number;

  /** Asks the node which network it is of: signatures of transactions differ between them. */
  static async open(request: Request, progress: Progress): Promise<Session> {
    return new Session(request, await networkOf(request.url('node')), progress);
  }

  private constructor(
    request: Request,
    private readonly networkId: NetworkId,
    private readonly progress: Progress,
  ) {
    const node = (this.node = request.url('node'));
    const network = Mina.Network({ networkId, mina: node, archive: request.url('archive', node) });
    this.payer = request.key('payer_key');
    this.fee = request.amount('fee', DEFAULT_FEE).toBigInt();
    this.wait = request.flag('wait', true);
    this.proofs = request.flag('proofs', true);
    this.pollMs = request.whole('poll_ms', 50, 600_000, DEFAULT_POLL_MS);
    this.waitMs = request.whole('wait_seconds', 1, 86_400, DEFAULT_WAIT_SECONDS) * 1000;
    Mina.setActiveInstance({ ...network, proofsEnabled: this.proofs });
  }

  async findAccount(
    publicKey: PublicKey,
    tokenId: Field = TokenId.default,
  ): Promise<Account | undefined> {
    const { account, error } = await fetchAccount({ publicKey, tokenId });
    if (error !== undefined && error.statusCode !== 404) throw unavailable(error.statusText);
    return account;
  }

  /** One address can have an account in each token. */
  async account(
    publicKey: PublicKey,
    what: string,
    tokenId: Field = TokenId.default,
  ): Promise<Account> {
    const account = await this.findAccount(publicKey, tokenId);
    const kept = isMina(tokenId) ? 'account' : 'account in this token';
    if (account === undefined)
      throw new ToolError('account-missing', `the ${what} has no ${kept}: ${publicKey.toBase58()}`);
    return account;
  }

  /** Nanomina that a new account costs; 0 where `address` has one in the token. */
  async creationFee(address: PublicKey, tokenId: Field): Promise<bigint> {
    const found = await this.findAccount(address, tokenId);
    return found === undefined ? ACCOUNT_CREATION_FEE : 0n;
  }

  /**
   * The owner of a token, whose code approves what accounts in it do; none for MINA. The node says who it is, and its
   * address must derive the token's id.
   */
  async ownerOf(tokenId: Field): Promise<PublicKey | undefined> {
    if (isMina(tokenId)) return undefined;
    const id = TokenId.toBase58(tokenId);
    const found = await this.ask<{ tokenOwner: { publicKey: string } | null }>(
      `{ tokenOwner(tokenId: "${id}") { publicKey } }`,
    );
    if (!found.tokenOwner) throw new ToolError('account-missing', `nobody owns the token ${id}`);
    const owner = PublicKey.fromBase58(found.tokenOwner.publicKey);
    if (!TokenId.derive(owner).equals(tokenId).toBoolean())
      throw unavailable(`node: expected the owner of the token ${id}, got ${owner.toBase58()}`);
    const { zkapp } = await this.requireCode(owner, 'FungibleToken', "token's owner");
    // The fourth state field: decimals, admin of two fields, paused.
    if (zkapp!.appState[3]!.toBigInt() !== 0n)
      throw new ToolError('not-yet', 'the token is paused by its admin: nothing in it moves');
    return owner;
  }

  private async ask<T>(query: string): Promise<T> {
    const data = await asked<T>(this.node, query).catch((error: Error) => {
      throw unavailable(`node: expected an answer, got ${error.message}`);
    });
    if (!data) throw unavailable('node: expected data, got none');
    return data;
  }

  /** The payer has so much and the fee: without it a block takes the fee, and nothing else is done. */
  async covers(amount: bigint): Promise<void> {
    const { balance } = await this.account(this.payer.toPublicKey(), 'payer');
    const needed = amount + this.fee;
    if (balance.toBigInt() < needed)
      throw new ToolError(
        'too-little',
        `expected at least ${mina(needed)}, got ${mina(balance.toBigInt())}`,
      );
  }

  /** The payer has so much of a token, in its smallest unit. */
  async holds(amount: bigint, tokenId: Field): Promise<void> {
    const { balance } = await this.account(this.payer.toPublicKey(), 'payer', tokenId);
    if (balance.toBigInt() < amount)
      throw new ToolError(
        'too-little',
        `expected at least ${amount} smallest units of the token, got ${balance}`,
      );
  }

  /** An account that takes payments from anyone (A1): with another permission a settlement could not pay it. */
  async receiver(publicKey: PublicKey, what: string, tokenId?: Field): Promise<void> {
    const { permissions } = Types.Account.toJSON(await this.account(publicKey, what, tokenId));
    if (permissions.receive !== 'None' || permissions.access !== 'None') {
      throw new ToolError(
        'wrong-account',
        `the ${what} does not take payments from anyone: ${publicKey.toBase58()}`,
      );
    }
  }

  /** An account that runs the pinned code. Its permissions are the business of whoever accepts calls on it (A1). */
  async requireCode(
    publicKey: PublicKey,
    contract: ContractName,
    what: string,
    tokenId?: Field,
  ): Promise<Account> {
    return (await this.codeOf(publicKey, [contract], what, tokenId)).account;
  }

  /** Which of these contracts' pinned code the account runs. */
  async codeOf<Name extends ContractName>(
    publicKey: PublicKey,
    contracts: readonly Name[],
    what: string,
    tokenId?: Field,
  ): Promise<{ account: Account; contract: Name }> {
    const account = await this.account(publicKey, what, tokenId);
    const hash = account.zkapp?.verificationKey?.hash.toString() ?? 'none';
    const pinned = pinnedKeys();
    const contract = contracts.find((name) => pinned[name].hash === hash);
    if (contract === undefined) {
      const expected = contracts.map((name) => pinned[name].hash).join(' or ');
      throw new ToolError(
        'wrong-account',
        `the ${what} runs other code: expected ${expected}, got ${hash}`,
      );
    }
    return { account, contract };
  }

  async currentSlot(): Promise<number> {
    try {
      return Number((await fetchLastBlock()).globalSlotSinceGenesis.toBigint());
    } catch (error) {
      throw unavailable((error as Error).message);
    }
  }

  /** Compiles for the prover; from the cache in seconds, else in half a minute. */
  async compile(...contracts: ContractName[]): Promise<void> {
    if (!this.proofs) return;
    for (const name of contracts) {
      this.progress(`compiling ${name}`);
      await compiled(name);
    }
  }

  /** Builds, proves if it has to, signs and sends; waits for a block unless told not to. */
  async send(
    body: () => Promise<void>,
    keys: PrivateKey[] = [],
    nonce?: number,
    memo = '',
  ): Promise<Sent> {
    const tx = await this.build(body, memo, nonce);
    await this.prove(tx);
    return await this.signAndSend(tx, keys);
  }

  /**
   * The same for what a contract and others do in a token, under the approval of the token's owner, which is proved beside. The
   * contract is compiled here, and the token's code there.
   */
  async sendApproved(
    owner: PublicKey,
    contract: ContractName,
    body: () => Promise<void>,
    keys: PrivateKey[] = [],
    nonce?: number,
  ): Promise<Sent> {
    // Its code takes longest to compile, and building takes a second.
    if (this.proofs) expectApproval();
    const tx = await this.build(body, '', nonce);
    const [own, approved] = apart(tx.transaction.accountUpdates);
    const approval = {
      node: this.node,
      networkId: this.networkId,
      owner: owner.toBase58(),
      updates: approved.map((update) => update.toJSON()),
      proofs: this.proofs,
    };
    const stop = new AbortController();
    try {
      const [update] = await Promise.all([
        proveBeside(approval, stop.signal),
        this.compile(contract).then(() => this.prove(tx)),
      ]);
      const [, proved] = apart(tx.transaction.accountUpdates);
      for (const { body } of proved) body.callDepth += 1;
      tx.transaction.accountUpdates = [...own, update, ...proved];
    } catch (error) {
      stop.abort();
      throw error;
    }
    return await this.signAndSend(tx, keys);
  }

  private async signAndSend(tx: Transaction, keys: PrivateKey[]): Promise<Sent> {
    tx.sign([this.payer, ...keys]);
    this.progress('sending');
    const pending = await tx.safeSend().catch((error: Error) => {
      throw refusal(error.message);
    });
    const [error] = pending.errors;
    // o1js sends once more where the connection broke, and the node had taken it.
    if (error !== undefined && !DUPLICATE.test(error)) throw refusal(error);
    if (!this.wait) return { hash: pending.hash, status: 'pending' };
    this.progress(`waiting for ${pending.hash} to be in a block`);
    await this.included(pending.hash);
    return { hash: pending.hash, status: 'included' };
  }

  /** Only a block decides about what was sent: a node that gives no answer is asked again (o1js would call that a failure). */
  private async included(hash: string): Promise<void> {
    const end = Date.now() + this.waitMs;
    for (;;) {
      const found = await checkZkappTransaction(hash).catch(() => undefined);
      if (found?.success) return;
      if (found?.failureReason)
        throw new ToolError('failed', firstLine(JSON.stringify(found.failureReason)));
      if (Date.now() > end) throw new ToolError('not-included', `no block has ${hash}`);
      await setTimeout(this.pollMs);
    }
  }

  private async build(
    body: () => Promise<void>,
    memo: string,
    nonce?: number,
  ): Promise<Transaction> {
    await this.account(this.payer.toPublicKey(), 'payer');
    const sender = this.payer.toPublicKey();
    const fixed = nonce === undefined ? {} : { nonce };
    try {
      return await Mina.transaction({ sender, fee: this.fee.toString(), memo, ...fixed }, body);
    } catch (error) {
      throw new ToolError('proof-failed', firstLine((error as Error).message), { cause: error });
    }
  }

  private async prove(tx: Transaction): Promise<void> {
    const proofs = tx.transaction.accountUpdates.some(
      ({ lazyAuthorization }) => lazyAuthorization?.kind === 'lazy-proof',
    );
    this.progress(proofs ? 'proving' : 'signing');
    await proveAll(tx, this.proofs);
  }
}

/** Without `proofs`, for a chain that counts every proof as valid. */
export async function proveAll(tx: Transaction, proofs: boolean): Promise<void> {
  if (proofs) return void (await tx.prove());
  // A transaction built on a network always proves for real; this shell takes the flag of the instance.
  const shell = Mina.Transaction.fromJSON(tx.toJSON());
  shell.transaction = tx.transaction;
  await shell.prove();
  tx.transaction = shell.transaction;
}

async function networkOf(node: string): Promise<NetworkId> {
  const found = await networkName(node).catch((error: Error) => {
    throw unavailable(`node: expected its networkID, got ${error.message}`);
  });
  const network = NETWORKS.get(found);
  if (network === undefined)
    throw unavailable(`node: expected one of ${[...NETWORKS.keys()].join(', ')}, got ${found}`);
  return network;
}

async function networkName(node: string): Promise<string> {
  return String((await asked<{ networkID?: unknown }>(node, '{ networkID }'))?.networkID);
}

/** One question that o1js has no function for. */
async function asked<T>(node: string, query: string): Promise<T | undefined> {
  const response = await fetch(node, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return ((await response.json()) as { data?: T }).data;
}

/** What stands by itself, and what uses a token under its owner, with all below it. */
function apart(updates: AccountUpdate[]): [AccountUpdate[], AccountUpdate[]] {
  let uses = false;
  const parts: [AccountUpdate[], AccountUpdate[]] = [[], []];
  for (const update of updates) {
    const { callDepth, mayUseToken } = update.body;
    if (callDepth === 0) uses = mayUseToken.parentsOwnToken.toBoolean();
    parts[uses ? 1 : 0].push(update);
  }
  return parts;
}

function isMina(tokenId: Field): boolean {
  return tokenId.equals(TokenId.default).toBoolean();
}

const compilations = new Map<ContractName, Promise<unknown>>();

/** Compiles once in a process. */
export function compiled(name: ContractName): Promise<unknown> {
  const found = compilations.get(name) ?? compilePinned(name);
  compilations.set(name, found);
  return found;
}

function unavailable(detail: string): ToolError {
  return new ToolError('node-unavailable', firstLine(detail));
}

function refusal(message: string): ToolError {
  const unreachable = /"statusCode":(408|5\d\d)|fetch failed|ECONNREFUSED/.test(message);
  return new ToolError(
    unreachable ? 'node-unavailable' : 'refused',
    firstLine(message.replace(/^Transaction failed with errors:\s*-?\s*/, '')),
  );
}

function mina(nanomina: bigint): string {
  const text = nanomina.toString().padStart(10, '0');
  return `${text.slice(0, -9)}.${text.slice(-9)}`.replace(/\.?0+$/, '') + ' MINA';
}

function firstLine(text: string): string {
  return (text.trim().split('\n')[0] ?? '').slice(0, 500);
}
