/** An unmodified FungibleToken on a test's chain: deployed with the pinned keys, minted, paused, given away. */
import { FungibleToken, FungibleTokenAdmin } from 'mina-fungible-token';
import {
  AccountUpdate,
  Bool,
  Field,
  Mina,
  Permissions,
  type PrivateKey,
  type PublicKey,
  TokenId,
  type Types,
  UInt64,
  UInt8,
} from 'o1js';
import type { DepositAccount } from '../deposit_account.js';
import { pinnedKeys } from '../verification_keys.js';
import { type Party, party } from './world.js';

const FEE = 1e8;

export interface TokenOptions {
  decimals?: number;
  symbol?: string;
  /** Lets the admin replace the token's code; such a token is no asset of an offer. */
  allowUpdates?: boolean;
  startPaused?: boolean;
  /** Of the owner; the standard's deployment has it by proof. */
  access?: Types.AuthRequired;
  /** Deploys the token's admin in the opening transaction; FungibleTokenAdmin with a key of its own if left out. */
  deployAdmin?: (admin: Party) => Promise<void>;
  adminContract?: typeof FungibleToken.AdminContract;
  /** What the owner's key does while there is no code yet. */
  before?: (owner: Party) => Promise<void>;
}

export class Token {
  readonly owner = party();
  readonly admin = party();
  readonly id = TokenId.derive(this.owner.address);

  private constructor(
    /** Deployed it, and signs for the standard's admin contract. */
    private readonly issuer: Party,
    private readonly adminContract: typeof FungibleToken.AdminContract,
  ) {}

  /** Token, admin and the account that counts what circulates, in one transaction that `issuer` pays. */
  static async deploy(issuer: Party, options: TokenOptions = {}): Promise<Token> {
    const token = new Token(issuer, options.adminContract ?? FungibleTokenAdmin);
    const { decimals = 0, startPaused = false } = options;
    const initialize = () =>
      token.contract.initialize(token.admin.address, UInt8.from(decimals), Bool(startPaused));
    await options.before?.(token.owner);
    await token.send(issuer, [token.owner.key, token.admin.key], async () => {
      AccountUpdate.fundNewAccount(issuer.address, options.before ? 1 : 3);
      await token.deployCode(options);
      if (!options.before) await initialize();
    });
    if (options.before)
      await token.send(issuer, [token.owner.key], async () => {
        AccountUpdate.fundNewAccount(issuer.address);
        await initialize();
      });
    return token;
  }

  private async deployCode(options: TokenOptions): Promise<void> {
    await (options.deployAdmin ?? (() => this.deployStandardAdmin()))(this.admin);
    const { symbol = 'RUN', allowUpdates = false, access, before } = options;
    const code = { verificationKey: pinnedKeys().FungibleToken };
    const src = 'https://github.com/MinaFoundation/mina-fungible-token';
    const { contract } = this;
    // The library asks for a new account; whoever deploys can do without the library.
    if (!before) await contract.deploy({ symbol, src, allowUpdates, ...code });
    const update = before ? AccountUpdate.createSigned(this.owner.address) : contract.self;
    if (before) {
      const { data, hash } = code.verificationKey;
      update.account.verificationKey.set({ data, hash: Field(hash) });
      update.account.tokenSymbol.set(symbol);
    }
    if (before || access)
      update.account.permissions.set({
        ...Permissions.default(),
        setVerificationKey: Permissions.VerificationKey.impossibleDuringCurrentVersion(),
        setPermissions: Permissions.impossible(),
        access: access ?? Permissions.proof(),
      });
  }

  /** Methods ask this token's admin, whatever another token of the process has. */
  get contract(): FungibleToken {
    FungibleToken.AdminContract = this.adminContract;
    return new FungibleToken(this.owner.address);
  }

  async mint(to: PublicKey, amount: bigint): Promise<void> {
    await this.send(this.issuer, [], async () => {
      if (!Mina.hasAccount(to, this.id)) AccountUpdate.fundNewAccount(this.issuer.address);
      await this.contract.mint(to, UInt64.from(amount));
    });
  }

  async give(from: Party, to: PublicKey, amount: bigint): Promise<void> {
    await this.send(from, [], async () => {
      if (!Mina.hasAccount(to, this.id)) AccountUpdate.fundNewAccount(from.address);
      await this.contract.transfer(from.address, to, UInt64.from(amount));
    });
  }

  async pause(): Promise<void> {
    await this.send(this.issuer, [], () => this.contract.pause());
  }

  async resume(): Promise<void> {
    await this.send(this.issuer, [], () => this.contract.resume());
  }

  balance(address: PublicKey): bigint {
    if (!Mina.hasAccount(address, this.id)) return 0n;
    return Mina.getBalance(address, this.id).toBigInt();
  }

  /** What the token's own account counts. */
  get circulating(): bigint {
    return this.balance(this.owner.address);
  }

  private async deployStandardAdmin(): Promise<void> {
    const verificationKey = pinnedKeys().FungibleTokenAdmin;
    const adminPublicKey = this.issuer.address;
    const admin = new FungibleTokenAdmin(this.admin.address);
    await admin.deploy({ adminPublicKey, verificationKey });
  }

  private async send(sender: Party, keys: PrivateKey[], body: () => Promise<unknown>) {
    const tx = await Mina.transaction({ sender: sender.address, fee: FEE }, async () => {
      await body();
    });
    await tx.prove();
    await tx.sign([sender.key, ...keys]).send();
  }
}

/** Has the owner approve what a method of the account has just done. In one process, which the tools do in two. */
export async function approve(owner: PublicKey, account: DepositAccount): Promise<void> {
  await new FungibleToken(owner).approveAccountUpdate(account.self);
}
