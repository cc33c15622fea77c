/** Proved calls for tests: honest ones, each part of which an attack can change, and what a fold's step makes of them. */
import '../backend.js';
import {
  Field,
  type PrivateKey,
  Provable,
  PublicKey,
  Signature,
  TokenId,
  UInt32,
  UInt64,
} from 'o1js';
import { Terms, digestFields, voucherFields } from '../fields.js';
import { FoldContext, ProvedCall, addCall, provedCallHash } from '../fold/call.js';
import { SettledCalls } from '../fold/settled.js';
import { type MerklePath, pathOf } from '../merkle_path.js';
import { type Price, offerHash, priceLeaf, pricesRoot } from '../offer_hash.js';
import { Said, TokenStatement, keyLeaves, keyRoot } from '../token/statement.js';
import { DEVNET, MINA, party } from './world.js';

export const [buyer, seller, operator, account, stranger] = Array.from({ length: 5 }, party) as [
  ReturnType<typeof party>,
  ReturnType<typeof party>,
  ReturnType<typeof party>,
  ReturnType<typeof party>,
  ReturnType<typeof party>,
];
export const CREDIT = TokenId.derive(stranger.address);
/** Hashes of an issuer's keys, and of one that the terms do not name. */
export const ISSUER = keyLeaves([11, 22, 33].map((each) => Field(each)));
export const FOREIGN_KEY = Field(44);
export const FACTS = Field(77);
export const EXPIRES = 1_796_000_000;
const [KEY, DAY] = [1, 86_400];
export const PRICES: Price[] = [
  { asset: TokenId.default, amount: UInt64.from(2n * MINA) },
  { asset: CREDIT, amount: UInt64.from(5) },
];
export const DIGEST = digestFields(new Uint8Array(32).fill(7));

export function terms(changes: Partial<Terms> = {}): Terms {
  return new Terms({
    network: DEVNET,
    asset: TokenId.default,
    ledger: Field(7),
    seller: seller.address,
    operator: operator.address,
    operatorShare: UInt32.from(250),
    oracle: PublicKey.empty(),
    keys: keyRoot(ISSUER),
    exitDelay: UInt32.from(20),
    ...changes,
  });
}

export const context = (changes: Partial<FoldContext> = {}): FoldContext =>
  new FoldContext({ account: account.address, buyer: buyer.address, ...changes });

/** All that one step takes. */
export interface Step {
  token: TokenStatement;
  terms: Terms;
  context: FoldContext;
  call: ProvedCall;
  settled: SettledCalls;
}

export interface Making {
  nonce?: number;
  terms?: Terms;
  context?: FoldContext;
  /** Of the call, before its hash is made. */
  call?: Partial<ProvedCall>;
  prices?: Price[];
  limit?: bigint;
  settled?: SettledCalls;
}

/** An honest step: whoever makes it knows the issuer, who signs any token, and the buyer. */
export function step(making: Making = {}): Step {
  const { nonce = 1, limit = 10n * MINA, settled = new SettledCalls() } = making;
  const [agreed, whose] = [making.terms ?? terms(), making.context ?? context()];
  const prices = making.prices ?? PRICES;
  const place = prices.findIndex((price) => price.asset.equals(agreed.asset).toBoolean());
  const unsigned = new ProvedCall({
    digest: DIGEST,
    facts: FACTS,
    price: prices[place]!.amount,
    pricePath: pathOf(prices.map(priceLeaf), place),
    inputsHash: Field(5),
    nonce: Field(nonce),
    expiresAt: UInt64.from(EXPIRES),
    limit: UInt64.from(limit),
    signature: Signature.create(stranger.key, [Field(0)]),
    keyPath: pathOf(ISSUER, KEY),
    ...making.call,
  });
  const hash = provedCallHash(agreed, whose.account, unsigned);
  return {
    token: statement(hash),
    terms: agreed,
    context: whose,
    call: signed(unsigned, agreed, whose, hash),
    settled,
  };
}

export function statement(call: Field, changes: Partial<TokenStatement> = {}): TokenStatement {
  return new TokenStatement({
    key: ISSUER[KEY]!,
    said: Field(Said.done),
    subject: call,
    facts: FACTS,
    iat: Field(EXPIRES + DAY),
    digestHigh: Field(123),
    digestLow: Field(456),
    ...changes,
  });
}

/** What a voucher's signature may be over instead. */
export interface VoucherLies {
  key?: PrivateKey;
  network?: Field;
  account?: PublicKey;
  asset?: Field;
  limit?: UInt64;
  call?: Field;
}

export function signed(
  call: ProvedCall,
  { network, asset }: Terms,
  { account }: FoldContext,
  hash: Field,
  lies: VoucherLies = {},
): ProvedCall {
  const said = { key: buyer.key, network, account, asset, limit: call.limit, call: hash, ...lies };
  const fields = voucherFields(said.network, said.account, said.asset, said.limit, said.call);
  return new ProvedCall({ ...call, signature: Signature.create(said.key, fields) });
}

/** The step's call with its offer and its voucher, as `fold` reads them beside the token's proof. */
export function opened({ terms, context, call }: Step) {
  const [high, low] = call.digest as [Field, Field];
  const hex = (field: Field) => field.toBigInt().toString(16).padStart(32, '0');
  return {
    call: {
      network: 'mina:devnet',
      account: context.account.toBase58(),
      offer_hash: `${offer(call.facts)}`,
      terms_hash: `${terms.hash()}`,
      inputs_hash: `${call.inputsHash}`,
      nonce: call.nonce.toBigInt().toString(16).padStart(32, '0'),
      expires_at: EXPIRES,
    },
    offer: {
      digest: hex(high) + hex(low),
      facts: `${call.facts}`,
      prices: PRICES.map(({ asset, amount }) => ({
        asset: TokenId.toBase58(asset),
        amount: `${amount}`,
      })),
    },
    voucher: { limit: `${call.limit}`, signature: call.signature.toBase58() },
  };
}

/** The offer's hash as the buyer has it. */
export const offer = (facts = FACTS): Field => offerHash(DIGEST, facts, pricesRoot(PRICES));

export const pricePath = (place: number): MerklePath => pathOf(PRICES.map(priceLeaf), place);
export const keyPath = (keys: Field[], place: number): MerklePath => pathOf(keys, place);

/** The step as a circuit, every value a witness: its price and the map's root behind it. */
export async function added(one: Step): Promise<{ price: bigint; root: bigint }> {
  let done: { price: bigint; root: bigint } | undefined;
  await Provable.runAndCheck(() => {
    const map = Provable.witness(SettledCalls, () => one.settled.clone());
    const price = addCall(
      Provable.witness(TokenStatement, () => one.token),
      Provable.witness(Terms, () => one.terms) as Terms,
      Provable.witness(FoldContext, () => one.context),
      Provable.witness(ProvedCall, () => one.call),
      map,
    );
    Provable.asProver(() => {
      done = { price: price.toBigInt(), root: map.root.toBigInt() };
    });
  });
  return done!;
}
