// Buying one run: show what is signed, let the wallet sign it, send it. One limit is signed for one call.
import { randomHex } from '../../shared/src/bytes.ts';
import { callHash, voucherFields, type Call } from '../../shared/src/call.ts';
import { fieldHex, VOUCHER } from '../../shared/src/fields.ts';
import type { Inputs } from '../../shared/src/inputs.ts';
import type { JsonObject } from '../../shared/src/json.ts';
import {
  checkedRequirements,
  corrected,
  correctionOf,
  nextLimit,
  paymentHeader,
  requiredOf,
  type Known,
  type Priced as Expected,
} from '../../shared/src/payment.ts';
import { termsHash } from '../../shared/src/verification/documents.ts';
import { assetWords, message, short, written } from './format.ts';
import { postCall, ServiceError, type OfferView } from './service/api.ts';
import type { Priced, Terms } from './service/offer.ts';
import { accountAt, keep, requirePays, type Account } from './state/accounts.ts';
import { forgetCall, noteState, remember } from './state/activity.ts';
import { meet } from './state/services.ts';
import { note } from './state/storage.ts';
import { signChecked, type Show } from './wallet/sign.ts';
import type { Wallet } from './wallet/wallet.ts';

export interface Order {
  service: string;
  view: OfferView;
  inputs: Inputs;
  wallet: Wallet;
  /** The price that is paid, and the prepaid account that pays it; undefined for an offer of price 0. */
  paying: { price: Priced; account: Account } | undefined;
  show: Show;
}

/** One whose price is above 0. */
type Paid = Order & { price: Priced };

const LIFETIME_SECONDS = 600;
/** Problems of a service that come before anything is claimed, whatever their status. */
const NOTHING_TAKEN = ['node-unavailable', 'offer-closed'].map(
  (type) => `urn:sealrun:problem:${type}`,
);

/** The call's hash, once the service took it. Throws where it was declined or refused. */
export async function buy(order: Order): Promise<string> {
  // Two tabs that sign at once would sign the same limit twice; whoever comes second reads what the first kept.
  return navigator.locks.request('sealrun:buy', async () => {
    const { paying } = order;
    if (!paying) return buyFree(order);
    const account = accountAt(paying.account.address) ?? paying.account;
    requirePays(account, paying.price);
    return buyPaid({ ...order, price: paying.price }, account);
  });
}

async function buyFree(order: Order): Promise<string> {
  const { call, hash } = await freshCall(order, order.wallet.address);
  const signature = await signed(order, call, hash, 0n);
  await send(order, call, hash, { ...bodyOf(call), limit: '0', signature });
  return fieldHex(hash);
}

async function buyPaid(order: Paid, account: Account): Promise<string> {
  const accepted = checkedRequirements(order.view.accepts, pricedOf(order));
  try {
    return await pay(order, account, accepted);
  } catch (error) {
    if (!(error instanceof Unpaid)) throw error;
    // The service shows that our figures are stale; another call is made of the same inputs, once.
    const known = learned(order, account, error);
    if (!known) throw error;
    return await pay(order, { ...account, known }, accepted);
  }
}

/** What the service's figures say after a 402, kept. Undefined where it corrects nothing. */
function learned(order: Order, account: Account, error: Unpaid): Known | undefined {
  const correction = correctionOf(requiredOf(error.required), error.call.asset);
  if (correction === undefined) return undefined;
  const before = accountAt(account.address)?.known ?? account.known;
  const known = corrected(before, correction, {
    buyer: order.wallet.address,
    refused: error.hash,
    voucher: (limit, call) => voucherFields(error.call, call, limit),
  });
  keep({ ...account, known });
  return known;
}

/** The service did not take the payment, and says so with a 402. */
class Unpaid extends Error {
  readonly call: Call;
  readonly hash: bigint;
  readonly required: string | null;

  constructor(call: Call, hash: bigint, error: ServiceError) {
    super(error.message);
    this.call = call;
    this.hash = hash;
    this.required = error.headers.get('payment-required');
  }
}

async function pay(order: Paid, account: Account, accepted: JsonObject): Promise<string> {
  const { price } = order;
  const { call, hash } = await freshCall(order, account.address, price);
  const limit = nextLimit(account.known, price.amount);
  const highest = limit > account.known.highest ? limit : account.known.highest;
  const known = { ...account.known, highest };
  const signing = { ...account, service: order.service, known };
  // Kept before the wallet opens: a limit that was signed is never forgotten.
  keep(signing);
  const signature = await signed(order, call, hash, limit, price);
  const payload = {
    account: account.address,
    buyer: order.wallet.address,
    limit: String(limit),
    callHash: String(hash),
    signature,
  };
  try {
    const headers = { 'PAYMENT-SIGNATURE': paymentHeader(accepted, payload) };
    await send(order, call, hash, bodyOf(call), { headers, price });
  } catch (error) {
    // Over for good: no service may count it as taken later (C2).
    if (isRefusal(error))
      keep({ ...signing, known: { ...known, refused: [...known.refused, String(hash)] } });
    if (error instanceof ServiceError && error.status === 402) throw new Unpaid(call, hash, error);
    throw error;
  }
  const committed = known.committed + price.amount;
  note(() => keep({ ...signing, known: { ...known, committed } }));
  return fieldHex(hash);
}

async function freshCall(
  order: Order,
  account: string,
  price?: Priced,
): Promise<{ call: Call; hash: bigint }> {
  const { offer } = order.view;
  const call: Call = {
    network: offer.network,
    account,
    offerHash: BigInt(`0x${offer.hash}`),
    termsHash: termsHash(price?.terms),
    asset: price?.asset ?? '',
    inputs: order.inputs,
    salt: randomHex(32),
    nonce: randomHex(16),
    expiresAt: Math.floor(Date.now() / 1000) + LIFETIME_SECONDS,
  };
  return { call, hash: await callHash(call) };
}

async function signed(
  order: Order,
  call: Call,
  hash: bigint,
  limit: bigint,
  price?: Priced,
): Promise<string> {
  const meanings = [
    `tag “${VOUCHER}”`,
    `network ${call.network}`,
    `account ${short(call.account, 4)}, x`,
    'account, is odd',
    price ? `asset ${assetWords(price.asset, price)}` : 'no asset: it is free',
    price ? `may cost ${written(limit, price)} in all` : 'may cost nothing',
    'this run: offer, inputs, expiry',
  ];
  return signChecked(order.wallet, voucherFields(call, hash, limit), meanings, order.show);
}

function bodyOf({ account, asset, inputs, salt, nonce, expiresAt }: Call): JsonObject {
  const paid = asset === '' ? {} : { asset };
  return { account, ...paid, inputs, salt, nonce, expires_at: expiresAt };
}

/** Post it. A lost answer is asked for again with the same bytes, which start nothing twice. */
async function send(
  order: Order,
  call: Call,
  hash: bigint,
  body: JsonObject,
  paid?: { headers: Record<string, string>; price: Priced },
): Promise<void> {
  const { service, view } = order;
  const { offer } = view;
  const bought = {
    call: fieldHex(hash),
    service,
    offer: offer.hash,
    title: offer.title,
    price: String(paid?.price.amount ?? 0),
    ...(paid && { unit: { decimals: paid.price.decimals, symbol: paid.price.symbol } }),
    inputs: call.inputs,
    account: call.account,
    at: Math.floor(Date.now() / 1000),
    state: '',
  };
  remember(bought);
  const post = () => postCall(service, offer.hash, body, paid?.headers);
  let unanswered = false;
  try {
    const answer = await post().catch((error: unknown) => {
      if (isRefusal(error)) throw error;
      unanswered = true;
      return post();
    });
    noteState(service, bought.call, answer.state);
  } catch (error) {
    // A call that was refused at once never was one; after a lost answer, a refusal may come from a proxy and
    // says nothing of the attempt before.
    if (!unanswered && isRefusal(error)) {
      forgetCall(bought.call);
      throw error;
    }
    noteState(service, bought.call, 'unanswered');
    throw new Error(
      `${message(error)} The run may have been taken: look at it under Activity before you run it again.`,
    );
  }
  meet(service, offer.oracle);
}

/** By the service's own word nothing was taken, and nothing will be. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  const { status, problem } = error;
  return (status >= 400 && status < 500) || NOTHING_TAKEN.includes(String(problem['type']));
}

function pricedOf({ view: { offer }, price }: Paid): Expected {
  const { asset, amount, decimals, symbol } = price;
  const terms = { ...price.terms } satisfies Terms;
  return {
    hash: offer.hash,
    network: offer.network,
    price: amount,
    asset,
    decimals,
    symbol,
    terms,
  };
}
