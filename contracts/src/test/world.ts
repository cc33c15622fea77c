/** A small world for tests: a local chain, the parties, and what each of them signs. */
import '../backend.js';
import {
  AccountUpdate,
  Field,
  Mina,
  PrivateKey,
  PublicKey,
  Signature,
  TokenId,
  UInt32,
  UInt64,
} from 'o1js';
import { Voucher } from '../deposit_account.js';
import {
  Terms,
  closeFields,
  dueFields,
  exitFields,
  receiptsRoot,
  settleFields,
  textField,
  voucherFields,
  withdrawFields,
} from '../fields.js';
import { addTokenDeposit, openTokenAccount } from '../fungible_token.js';
import { FoldProof } from '../fold/programs.js';
import { NOTHING_SETTLED } from '../fold/settled.js';
import { FoldStatement } from '../fold/statement.js';
import { Offer } from '../offer.js';
import { addDeposit, openAccount, openOffer } from '../opening.js';
import { Due, PrepaidAccount } from '../prepaid_account.js';
import { ProvedAccount } from '../proved_account.js';
import { pinnedKeys } from '../verification_keys.js';
import { type Token, approve } from './fungible.js';

export const MINA = 1_000_000_000n;
export const DEVNET = textField('mina:devnet');

/** Whose word settles: an oracle's, or a proof's. */
export type Kind = 'prepaid' | 'proved';
const CODE = { prepaid: PrepaidAccount, proved: ProvedAccount } as const;
/** The root of the issuer's keys in the terms of proved accounts. */
const KEYS = Field(99);

type Chain = Awaited<ReturnType<typeof Mina.LocalBlockchain>>;

export interface Party {
  key: PrivateKey;
  address: PublicKey;
}

export function party(): Party {
  const key = PrivateKey.random();
  return { key, address: key.toPublicKey() };
}

/** What a settlement may say instead of the honest values. */
export interface Lies {
  terms?: Terms;
  network?: Field;
  asset?: Field;
  account?: PublicKey;
  voucherKey?: PrivateKey;
  oracleKey?: PrivateKey;
  limit?: bigint;
  count?: number;
  signedDue?: bigint;
  signedCount?: number;
  token?: Field;
  voucherAsset?: Field;
  dueAsset?: Field;
  /** Signs the voucher's list as it was before it named an asset. */
  withoutAsset?: boolean;
}

export class World {
  buyer = party();
  seller = party();
  operator = party();
  oracle = party();
  stranger = party();
  account = party();
  offer = party();
  count = 0;
  /** What the account is kept in, where it is not MINA. */
  token?: Token;

  private constructor(
    readonly kind: Kind,
    readonly chain: Chain,
    readonly share: number,
    readonly exitDelay: number,
  ) {}

  static async create({
    kind = 'prepaid' as Kind,
    proofs = false,
    share = 250,
    exitDelay = 20,
  } = {}): Promise<World> {
    const chain = await Mina.LocalBlockchain({ proofsEnabled: proofs });
    Mina.setActiveInstance(chain);
    const world = new World(kind, chain, share, exitDelay);
    for (const who of ['buyer', 'seller', 'operator', 'stranger'] as const) {
      chain.addAccount(world[who].address, (1000n * MINA).toString());
    }
    return world;
  }

  get asset(): Field {
    return this.token?.id ?? TokenId.default;
  }

  terms(changes: Partial<Terms> = {}): Terms {
    return new Terms({
      network: DEVNET,
      asset: this.asset,
      ledger: Field(7),
      seller: this.seller.address,
      operator: this.operator.address,
      operatorShare: UInt32.from(this.share),
      oracle: this.kind === 'proved' ? PublicKey.empty() : this.oracle.address,
      keys: this.kind === 'proved' ? KEYS : Field(0),
      exitDelay: UInt32.from(this.exitDelay),
      ...changes,
    });
  }

  get contract(): PrepaidAccount {
    return new PrepaidAccount(this.account.address, this.asset);
  }

  get code(): typeof PrepaidAccount | typeof ProvedAccount {
    return CODE[this.kind];
  }

  /** The account with what both kinds can do. */
  get deposit(): PrepaidAccount | ProvedAccount {
    return new this.code(this.account.address, this.asset);
  }

  balance(who: Party, asset = TokenId.default): bigint {
    return this.chain.getAccount(who.address, asset).balance.toBigInt();
  }

  /** State as decimal text, to compare all of it at once. */
  state(who: Party = this.account): string[] {
    return this.chain.getAccount(who.address, this.asset).zkapp!.appState.map(String);
  }

  async open({
    account = this.account,
    deposit = 10n * MINA,
    change = (_: AccountUpdate) => {},
  } = {}) {
    const verificationKey = pinnedKeys()[this.code.name as 'PrepaidAccount'];
    const { buyer } = this;
    const terms = this.terms();
    const opening = {
      payer: buyer.address,
      account: account.address,
      buyer: buyer.address,
      terms,
      deposit: UInt64.from(deposit),
      verificationKey,
    };
    const owner = this.token?.owner.address;
    await this.send(buyer, [account.key], async () => {
      change(owner ? await openTokenAccount({ ...opening, owner }) : openAccount(opening));
    });
  }

  async topUp(amount: bigint, payer = this.buyer) {
    const owner = this.token?.owner.address;
    const [account, units] = [this.account.address, UInt64.from(amount)];
    await this.send(payer, [], async () => {
      if (owner) await addTokenDeposit(owner, payer.address, account, units);
      else addDeposit(payer.address, account, units);
    });
  }

  /** A method of the account, and the leave of the token's owner where it is in a token. */
  private async act(
    sender: Party,
    contract: PrepaidAccount | ProvedAccount,
    method: () => Promise<void>,
  ) {
    await this.send(sender, [], async () => {
      await method();
      if (this.token) await approve(this.token.owner.address, contract);
    });
  }

  async openOffer(credential?: Uint8Array) {
    await this.send(this.operator, [this.offer.key], async () => {
      openOffer({
        payer: this.operator.address,
        offer: this.offer.address,
        offerHash: Field(11),
        terms: this.terms(),
        uri: 'https://offers.example/11.json',
        ...(credential && { credential }),
        verificationKey: pinnedKeys().Offer,
      });
    });
  }

  voucher(limit: bigint, lies: Lies = {}): Voucher {
    const signed = voucherFields(
      lies.network ?? DEVNET,
      lies.account ?? this.account.address,
      lies.voucherAsset ?? lies.asset ?? this.asset,
      UInt64.from(limit),
      Field(5),
    );
    const list = lies.withoutAsset
      ? [textField('sealrun:voucher'), ...signed.slice(1, 4), ...signed.slice(5)]
      : signed;
    const signature = Signature.create(lies.voucherKey ?? this.buyer.key, list);
    return new Voucher({ limit: UInt64.from(limit), callHash: Field(5), signature });
  }

  due(due: bigint, lies: Lies = {}): Due {
    const count = UInt32.from(lies.count ?? this.count + 1);
    const treeRoot = Field(due);
    const signed = dueFields(
      lies.network ?? DEVNET,
      lies.account ?? this.account.address,
      lies.dueAsset ?? lies.asset ?? this.asset,
      UInt64.from(lies.signedDue ?? due),
      receiptsRoot(treeRoot, Field(lies.signedCount ?? count.value)),
    );
    const signature = Signature.create(lies.oracleKey ?? this.oracle.key, signed);
    return new Due({ due: UInt64.from(due), treeRoot, count, signature });
  }

  /** Settles up to `due`, sent by the seller. */
  async settle(due: bigint, lies: Lies = {}) {
    if (this.kind === 'proved') return await this.settleProved(due, lies);
    const voucher = this.voucher(lies.limit ?? due, lies);
    const statement = this.due(due, lies);
    const contract = new PrepaidAccount(this.account.address, lies.token ?? this.asset);
    await this.act(this.seller, contract, () =>
      contract.settle(lies.terms ?? this.terms(), voucher, statement),
    );
    this.count = Number(statement.count.toBigint());
  }

  /** The same, on a fold of one call whose price makes up the due. No proof is made of it. */
  private async settleProved(due: bigint, lies: Lies) {
    const terms = lies.terms ?? this.terms();
    const fold = await this.fold(due, terms);
    const contract = new ProvedAccount(this.account.address, lies.token ?? this.asset);
    const consent = this.consent(fold.publicOutput.after, due, lies);
    const voucher = this.voucher(lies.limit ?? due, lies);
    await this.act(this.seller, contract, () => contract.settle(terms, voucher, fold, consent));
  }

  /** What a fold of one call says, from where the account is up to `due`. */
  async fold(due: bigint, terms = this.terms(), lies: Partial<FoldStatement> = {}) {
    const [, , , spent, , , root, count] = this.state();
    const statement = new FoldStatement({
      termsHash: terms.hash(),
      account: this.account.address,
      buyer: this.buyer.address,
      before: count === '0' ? NOTHING_SETTLED : Field(root!),
      after: Field(due + 1n),
      amount: UInt64.from(due - BigInt(spent!)),
      count: UInt32.one,
      ...lies,
    });
    return await FoldProof.dummy(undefined, statement, 2);
  }

  /** The seller's consent to a settlement. */
  consent(
    after: Field,
    total: bigint,
    {
      network = DEVNET,
      account = this.account.address,
      asset = this.asset,
      key = this.seller.key,
    } = {},
  ): Signature {
    return Signature.create(key, settleFields(network, account, asset, after, UInt64.from(total)));
  }

  exitSignature(
    latest: number,
    { key = this.buyer.key, network = DEVNET, account = this.account, asset = this.asset } = {},
  ) {
    return Signature.create(key, exitFields(network, account.address, asset, UInt32.from(latest)));
  }

  async requestExit(
    latest: number,
    signature = this.exitSignature(latest),
    sender = this.buyer,
    terms = this.terms(),
  ) {
    const contract = this.deposit;
    await this.act(sender, contract, () =>
      contract.requestExit(terms, UInt32.from(latest), signature),
    );
  }

  /** Over the present exit slot, unless another one is given. */
  withdrawSignature(
    amount: bigint,
    {
      key = this.buyer.key,
      network = DEVNET,
      account = this.account,
      asset = this.asset,
      exitSlot = Number(this.state()[4]),
    } = {},
  ) {
    const list = withdrawFields(
      network,
      account.address,
      asset,
      UInt32.from(exitSlot),
      UInt64.from(amount),
    );
    return Signature.create(key, list);
  }

  async withdraw(
    amount: bigint,
    sender = this.buyer,
    signature = this.withdrawSignature(amount),
    terms = this.terms(),
  ) {
    const contract = this.deposit;
    await this.act(sender, contract, () =>
      contract.withdraw(terms, UInt64.from(amount), signature),
    );
  }

  async payOperator(sender = this.operator) {
    const contract = this.deposit;
    await this.act(sender, contract, () => contract.payOperator(this.terms()));
  }

  closeSignature({ key = this.seller.key, network = DEVNET, offer = this.offer } = {}) {
    return Signature.create(key, closeFields(network, offer.address));
  }

  async close(signature = this.closeSignature(), terms = this.terms()) {
    await this.send(this.stranger, [], () => new Offer(this.offer.address).close(terms, signature));
  }

  /** A plain payment, as a transfer of the sender. */
  async transfer(from: Party, to: Party, amount: bigint) {
    await this.send(from, [], async () => {
      AccountUpdate.createSigned(from.address).send({ to: to.address, amount });
    });
  }

  /** Builds, proves (for real or not, as the chain was made), signs and sends. */
  async send(sender: Party, keys: PrivateKey[], body: () => Promise<void>) {
    const tx = await Mina.transaction({ sender: sender.address, fee: 1e8 }, body);
    await tx.prove();
    return await tx.sign([sender.key, ...keys]).send();
  }
}
