// What one good run costs, in each asset that an offer takes; the same rules as sealrun.offers.prices.
import { Malformed } from './errors.ts';
import { taggedHash } from './fields.ts';
import { MINA, tokenId, tokenOf } from './mina.ts';
import * as read from './read.ts';

/** One price as the document has it. */
export interface PriceMember {
  /** The token's id, base58. */
  asset: string;
  /** In the asset's smallest unit, as a decimal string. */
  amount: string;
  decimals: number;
  symbol: string;
  /** The account that owns the token; none for MINA. */
  owner?: string;
}

export interface Price extends Omit<PriceMember, 'amount'> {
  amount: bigint;
}

const DEPTH = 4;
const MAX_DECIMALS = 18;
const MINA_DECIMALS = 9;

/** Reads an offer's prices. Throws Malformed where an entry is not of its form, or out of order. */
export function readPrices(value: unknown): Price[] {
  if (!Array.isArray(value) || value.length > 2 ** DEPTH)
    throw new Malformed(`prices: expected a list of at most ${2 ** DEPTH}, got something else`);
  const prices = value.map(price);
  const ids = prices.map(({ asset }) => tokenId(asset));
  if (ids.some((id, at) => at > 0 && id <= ids[at - 1]!))
    throw new Malformed(
      'prices: expected each asset once, in ascending order of the ids as numbers',
    );
  return prices;
}

/** The root of a tree over `H("sealrun:price", [asset, amount])`; 0 for price 0. */
export function pricesHash(prices: Pick<Price, 'asset' | 'amount'>[]): bigint {
  if (prices.length === 0) return 0n;
  let row = Array.from({ length: 2 ** DEPTH }, (_, at) => {
    const one = prices[at];
    return one ? taggedHash('sealrun:price', [tokenId(one.asset), one.amount]) : 0n;
  });
  while (row.length > 1)
    row = Array.from({ length: row.length / 2 }, (_, at) =>
      taggedHash('sealrun:node', [row[2 * at] ?? 0n, row[2 * at + 1] ?? 0n]),
    );
  return row[0] ?? 0n;
}

function price(entry: unknown): Price {
  const value = read.only(entry, ['asset', 'amount', 'decimals', 'symbol'], 'prices', ['owner']);
  const asset = read.token(value, 'asset');
  const amount = read.decimal(value, 'amount', read.MAX_UINT64);
  if (amount === 0n) throw new Malformed('prices: expected an amount above 0, got 0');
  const symbol = read.text(value, 'symbol', /^[A-Za-z0-9]{1,6}$/, '1 to 6 letters and digits');
  const decimals = read.whole(value, 'decimals', 0, MAX_DECIMALS);
  const owner = Object.hasOwn(value, 'owner') ? read.publicKey(value, 'owner') : undefined;
  checkNames(asset, symbol, decimals, owner);
  return { asset, amount, decimals, symbol, ...(owner === undefined ? {} : { owner }) };
}

function checkNames(asset: string, symbol: string, decimals: number, owner: string | undefined) {
  if (asset === MINA) {
    if (symbol !== 'MINA' || decimals !== MINA_DECIMALS || owner !== undefined)
      throw new Malformed('prices: expected MINA of 9 decimals without an owner');
    return;
  }
  if (owner === undefined || tokenOf(owner) !== asset)
    throw new Malformed(`prices: expected the owner of the token ${asset}, got another or none`);
  if (symbol.toUpperCase() === 'MINA')
    throw new Malformed(`prices: expected a symbol of the token's own, got ${symbol}`);
}
