/** Credits on a test's chain: a seller, its vault and token, an ask, and whoever deals in them. */
import { FungibleToken } from 'mina-fungible-token';
import { Field, Mina, type PrivateKey, type PublicKey, TokenId, UInt32, UInt64 } from 'o1js';
import '../backend.js';
import { Ask } from '../ask.js';
import { type CreditIssue, issueCredits, openAsk } from '../credit_opening.js';
import { payFrom } from '../new_account.js';
import { CreditVault, useCreditVault } from '../credit_vault.js';
import { pinnedKeys } from '../verification_keys.js';
import { MINA, type Party, party } from './world.js';

export const FEE = MINA / 10n;

export interface CreditOptions {
  proofs?: boolean;
  cap?: bigint;
  backing?: bigint;
  expiry?: number;
}

export class CreditWorld {
  seller = party();
  buyer = party();
  mate = party();
  stranger = party();
  token = party();
  vault = party();
  ask = party();

  private constructor(
    readonly chain: Awaited<ReturnType<typeof Mina.LocalBlockchain>>,
    readonly options: Required<CreditOptions>,
  ) {}

  static async create(options: CreditOptions = {}): Promise<CreditWorld> {
    const all = { proofs: false, cap: 100n, backing: MINA / 2n, expiry: 500, ...options };
    const chain = await Mina.LocalBlockchain({ proofsEnabled: all.proofs });
    Mina.setActiveInstance(chain);
    useCreditVault();
    const world = new CreditWorld(chain, all);
    for (const who of ['seller', 'buyer', 'mate', 'stranger'] as const)
      chain.addAccount(world[who].address, (10_000n * MINA).toString());
    return world;
  }

  /** Issued, minted to the seller, a part of it sold to the buyer, and the rest for sale. */
  static async trading(
    options: CreditOptions = {},
    price = MINA,
    { minted = 60n, given = 20n, asked = 30n } = {},
  ): Promise<CreditWorld> {
    const world = await CreditWorld.create(options);
    await world.issue();
    await world.mint(minted);
    await world.give(world.seller, world.buyer.address, given);
    await world.openAsk(asked, price);
    return world;
  }

  get tokenId(): Field {
    return TokenId.derive(this.token.address);
  }
  get tokenContract(): FungibleToken {
    return new FungibleToken(this.token.address);
  }
  get vaultContract(): CreditVault {
    return new CreditVault(this.vault.address);
  }
  get askContract(): Ask {
    return new Ask(this.ask.address, this.tokenId);
  }

  issueOf(changes: Partial<CreditIssue> = {}): CreditIssue {
    const { cap, backing, expiry } = this.options;
    return {
      payer: this.seller.address,
      token: this.token.address,
      vault: this.vault.address,
      seller: this.seller.address,
      cap: UInt64.from(cap),
      backing: UInt64.from(backing),
      expiry: UInt32.from(expiry),
      symbol: 'RUN',
      uri: 'https://ci.example/run.json#5f0c',
      verificationKeys: pinnedKeys(),
      ...changes,
    };
  }

  async issue(changes: Partial<CreditIssue> = {}, before = async () => {}) {
    return await this.send(this.seller, [this.token.key, this.vault.key], async () => {
      await before();
      await issueCredits(this.issueOf(changes));
    });
  }

  async mint(
    amount: bigint,
    { to = this.seller.address, by = this.seller, paid = amount * this.options.backing } = {},
  ) {
    return await this.send(by, [], async () => {
      this.pay(by, paid, to);
      await this.tokenContract.mint(to, UInt64.from(amount));
    });
  }

  async redeem(holder: Party, amount: bigint, by = holder) {
    return await this.send(by, [], () =>
      this.vaultContract.redeem(holder.address, UInt64.from(amount)),
    );
  }

  async give(from: Party, to: PublicKey, amount: bigint, by = from, keys: PrivateKey[] = []) {
    return await this.send(by, keys, async () => {
      this.pay(by, 0n, to);
      await this.tokenContract.transfer(from.address, to, UInt64.from(amount));
    });
  }

  async openAsk(amount: bigint, price: bigint, { seller = this.seller, ask = this.ask } = {}) {
    return await this.send(seller, [ask.key], () =>
      openAsk({
        seller: seller.address,
        ask: ask.address,
        token: this.token.address,
        amount: UInt64.from(amount),
        price: UInt64.from(price),
        verificationKey: pinnedKeys().Ask,
      }),
    );
  }

  async buy(amount: bigint, paid: bigint, options: { by?: Party; to?: PublicKey; ask?: Ask } = {}) {
    const { by = this.buyer, ask = this.askContract } = options;
    const { to = by.address } = options;
    return await this.send(by, [], async () => {
      this.pay(by, paid, to);
      await ask.buy(UInt64.from(amount), to);
      await this.tokenContract.approveAccountUpdate(ask.self);
    });
  }

  async reprice(price: bigint, by = this.seller) {
    const ask = this.askContract;
    return await this.send(by, [], async () => {
      await ask.reprice(UInt64.from(price));
      await this.tokenContract.approveAccountUpdate(ask.self);
    });
  }

  async takeBack(amount: bigint, by = this.seller) {
    const ask = this.askContract;
    return await this.send(by, [], async () => {
      this.pay(by, 0n, this.seller.address);
      await ask.takeBack(UInt64.from(amount));
      await this.tokenContract.approveAccountUpdate(ask.self);
    });
  }

  /** An amount, and the account that `to` still needs in the token. */
  pay(by: Party, amount: bigint, to: PublicKey): void {
    payFrom(by.address, amount + (this.chain.hasAccount(to, this.tokenId) ? 0n : MINA));
  }

  mina({ address }: { address: PublicKey }): bigint {
    return this.chain.hasAccount(address) ? this.chain.getAccount(address).balance.toBigInt() : 0n;
  }

  credits({ address }: { address: PublicKey }): bigint {
    if (!this.chain.hasAccount(address, this.tokenId)) return 0n;
    return this.chain.getAccount(address, this.tokenId).balance.toBigInt();
  }

  get circulating(): bigint {
    return this.credits(this.token);
  }

  get minted(): bigint {
    return this.chain.getAccount(this.vault.address).zkapp!.appState[5]!.toBigInt();
  }

  async prepared(sender: Party, body: () => Promise<unknown>) {
    const tx = await Mina.transaction({ sender: sender.address, fee: Number(FEE) }, async () => {
      await body();
    });
    await tx.prove();
    return tx;
  }

  async send(sender: Party, keys: PrivateKey[], body: () => Promise<unknown>) {
    const tx = await this.prepared(sender, body);
    return await tx.sign([sender.key, ...keys]).send();
  }

  /** Past o1js's own checks, straight into the ledger. */
  async raw(sender: Party, keys: PrivateKey[], body: () => void | Promise<void>): Promise<void> {
    const tx = await Mina.transaction({ sender: sender.address, fee: Number(FEE) }, async () => {
      await body();
    });
    tx.sign([sender.key, ...keys]);
    this.chain.applyJsonTransaction(tx.toJSON());
  }
}
