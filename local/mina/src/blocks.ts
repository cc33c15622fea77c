/**
 * A chain of blocks over the ledger. Commands are applied when they arrive and become visible with the block they
 * are in; slots pass with blocks, or when asked.
 */
import { createHash } from 'node:crypto';
import { AccountUpdate, Mina, PrivateKey, PublicKey, UInt64, type Types } from 'o1js';
import { Archive } from './archive.js';
import { hashText } from './base58.js';
import type { Block } from './block.js';
import { Refused } from './errors.js';
import { DEFAULT_TOKEN, Ledger, readCommand, type AccountJson, type Command } from './ledger.js';
import { Store, type Entry, type Genesis } from './store.js';
import { Tokens } from './tokens.js';

export interface ChainOptions {
  folder: string;
  /** Verify proofs. Off: every proof counts as valid. */
  proofs: boolean;
  /** Milliseconds between blocks; 0 makes one block of each command. */
  blockMs: number;
  now: () => number;
}

/** What the faucet's account holds at the beginning, in nanomina. */
const BANK_BALANCE = 10n ** 18n;
const NO_PARENT = hashText('stateHash', 0n);

export class Chain {
  readonly archive = new Archive();
  readonly tokens = new Tokens();
  readonly blocks: Block[] = [];
  private pending: Command[] = [];
  /** Slots that stay empty before the next block. */
  private gap = 0;
  /** Accounts that pending commands touch, as they were in the last block. */
  private shadows = new Map<string, AccountJson | null>();
  private queue: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly options: ChainOptions,
    private readonly ledger: Ledger,
    private readonly store: Store,
    readonly genesis: Genesis,
  ) {}

  static async open(options: ChainOptions): Promise<Chain> {
    const store = new Store(options.folder);
    const [first, ...entries] = store.read();
    const genesis = first ?? createGenesis(options);
    if (genesis.kind !== 'genesis')
      throw new Error('chain.jsonl does not begin with a genesis line');
    if (genesis.proofs !== options.proofs) {
      throw new Error(
        `the folder holds a chain with proofs ${genesis.proofs ? 'on' : 'off'}: expected the same flag`,
      );
    }
    if (first === undefined) store.append(genesis);
    const chain = new Chain(options, await Ledger.create(options.proofs), store, genesis);
    chain.replay(entries);
    if (options.blockMs > 0)
      chain.timer = setInterval(() => void chain.advance(1), options.blockMs);
    return chain;
  }

  close(): void {
    clearInterval(this.timer);
  }

  get tip(): Block {
    return this.blocks.at(-1)!;
  }

  /**
   * The newest blocks, oldest first. A chain that makes a block with each command is up to date while it waits,
   * so its tip is dated now; clients take a node whose tip is old for one that is stuck.
   */
  newest(count: number): Block[] {
    const blocks = this.blocks.slice(-count);
    if (this.options.blockMs > 0) return blocks;
    return blocks.map((each) => (each === this.tip ? { ...each, date: this.options.now() } : each));
  }

  get proofs(): boolean {
    return this.options.proofs;
  }

  /** As of the last block. */
  account(address: string, token: string): AccountJson | null {
    const shadow = this.shadows.get(shadowKey(address, token));
    return shadow !== undefined ? shadow : this.ledger.account(address, token);
  }

  /** Counts commands that wait for a block. */
  inferredNonce(address: string, token: string): string | null {
    return this.ledger.account(address, token)?.nonce ?? null;
  }

  statusOf(hash: string): 'INCLUDED' | 'PENDING' | 'UNKNOWN' {
    if (this.pending.some((command) => command.hash === hash)) return 'PENDING';
    const included = this.blocks.some(({ commands }) =>
      commands.some((command) => command.hash === hash),
    );
    return included ? 'INCLUDED' : 'UNKNOWN';
  }

  pendingCommands(address?: string): Command[] {
    return this.pending.filter(
      ({ json }) => address === undefined || json.feePayer.body.publicKey === address,
    );
  }

  submit(sent: unknown): Promise<Command> {
    return this.alone(async () => {
      const json = readCommand(sent);
      requireValidIn(this.nextSlot, json);
      const before = this.snapshot(json);
      const command = await this.ledger.apply(json);
      this.store.append({ kind: 'command', hash: command.hash, json, failure: command.failure });
      this.accept(command, before);
      if (this.options.blockMs === 0) this.seal(this.nextSlot, this.options.now());
      return command;
    });
  }

  /** Makes a block that many slots after the last one. Commands that wait are in a block of the next slot before. */
  advance(slots: number): Promise<Block> {
    return this.alone(async () => {
      const target = this.tip.slot + slots;
      if (this.pending.length > 0 && this.nextSlot < target)
        this.seal(this.nextSlot, this.options.now());
      this.seal(Math.max(target, this.nextSlot), this.options.now());
      return this.tip;
    });
  }

  /** Lets that many slots pass without a block: the next one comes after them. */
  leaveEmpty(slots: number): Promise<Block> {
    return this.alone(async () => {
      this.gap += slots;
      return this.tip;
    });
  }

  private get nextSlot(): number {
    return this.tip.slot + 1 + this.gap;
  }

  /** Pays from the bank, and for the new account where there is none. */
  async fund(address: string, amount: bigint): Promise<Command> {
    const receiver = readAddress(address);
    const bank = PrivateKey.fromBase58(this.genesis.bank);
    const json = await this.alone(async () => {
      const isNew = this.ledger.account(address, DEFAULT_TOKEN) === null;
      const sender = bank.toPublicKey();
      const tx = await Mina.transaction({ sender, fee: 0 }, async () => {
        if (isNew) AccountUpdate.fundNewAccount(sender);
        AccountUpdate.createSigned(sender).send({ to: receiver, amount: UInt64.from(amount) });
      });
      return JSON.parse(tx.sign([bank]).toJSON()) as unknown;
    });
    return this.submit(json);
  }

  private replay(entries: Entry[]): void {
    const bank = PrivateKey.fromBase58(this.genesis.bank).toPublicKey();
    this.ledger.addAccount(bank, BANK_BALANCE);
    this.push({ height: 1, slot: 0, date: this.genesis.timestamp, commands: [] });
    for (const entry of entries) {
      if (entry.kind === 'block') this.include(entry.slot, entry.date);
      if (entry.kind === 'command') this.restore(entry);
    }
  }

  private restore({ hash, json, failure }: Entry & { kind: 'command' }): void {
    const before = this.snapshot(json);
    this.ledger.reapply(json);
    this.accept({ hash, memo: json.memo, json, failure }, before);
  }

  private snapshot(json: Types.Json.ZkappCommand): Map<string, AccountJson | null> {
    const touched = json.accountUpdates.map(({ body }) => [body.publicKey, body.tokenId] as const);
    const all = [[json.feePayer.body.publicKey, DEFAULT_TOKEN] as const, ...touched];
    return new Map(
      all.map(([address, token]) => [
        shadowKey(address, token),
        this.ledger.account(address, token),
      ]),
    );
  }

  private accept(command: Command, before: Map<string, AccountJson | null>): void {
    this.pending.push(command);
    for (const [name, account] of before)
      if (!this.shadows.has(name)) this.shadows.set(name, account);
  }

  private seal(slot: number, date: number): void {
    this.gap = 0;
    this.store.append({ kind: 'block', slot, date });
    this.include(slot, date);
  }

  private include(slot: number, date: number): void {
    const commands = this.pending;
    this.pending = [];
    this.shadows.clear();
    this.push({ height: this.tip.height + 1, slot, date, commands });
  }

  private push(content: Omit<Block, 'stateHash' | 'previousStateHash'>): void {
    const previousStateHash = this.blocks.at(-1)?.stateHash ?? NO_PARENT;
    const block = {
      ...content,
      previousStateHash,
      stateHash: stateHash(previousStateHash, content),
    };
    this.blocks.push(block);
    this.archive.add(block);
    this.tokens.add(block);
    this.ledger.setNetworkState(block.height, block.slot);
  }

  /** The ledger takes one thing at a time. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }
}

function createGenesis({ proofs, now }: ChainOptions): Genesis {
  return { kind: 'genesis', timestamp: now(), bank: PrivateKey.random().toBase58(), proofs };
}

/** Not Mina's state hash: any value that differs for each chain of blocks does here. */
function stateHash(
  previous: string,
  { height, slot, commands }: Omit<Block, 'stateHash' | 'previousStateHash'>,
): string {
  const content = JSON.stringify([previous, height, slot, commands.map(({ hash }) => hash)]);
  return hashText(
    'stateHash',
    BigInt('0x' + createHash('sha256').update(content).digest('hex')) >> 2n,
  );
}

function shadowKey(address: string, token: string): string {
  return `${address} ${token}`;
}

/**
 * `validWhile` speaks of the slot of the block that a command is in, unlike the network's preconditions, which see the
 * parent block. The ledger here knows one slot only, so this is checked apart.
 */
function requireValidIn(slot: number, { accountUpdates }: Types.Json.ZkappCommand): void {
  for (const { body } of accountUpdates) {
    const range = body.preconditions.validWhile;
    if (range && (slot < Number(range.lower) || slot > Number(range.upper)))
      throw new Refused(
        `Valid_while_precondition_unsatisfied: expected slot ${range.lower} to ${range.upper}, got ${slot}`,
      );
  }
}

function readAddress(address: string): PublicKey {
  try {
    return PublicKey.fromBase58(address);
  } catch {
    throw new Refused('the address is not valid');
  }
}
