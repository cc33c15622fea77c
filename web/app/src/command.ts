// What this page does, as command lines that a shell takes as they stand; and what it leaves to the command.
import type { Inputs } from '../../shared/src/inputs.ts';
import { amount } from './format.ts';
import type { Offer, Priced } from './service/offer.ts';

/** The same run, paid in the asset of this price. */
export function command(
  service: string,
  offer: Offer,
  inputs: Inputs,
  price: Priced | undefined,
): string {
  const given = Object.entries(inputs).map(
    ([name, value]) => `--input ${quoted(`${name}=${String(value)}`)}`,
  );
  return lines(
    `sealrun call ${urlOf(service, offer)}`,
    ...given,
    ...(price ? [`--pay --account ACCOUNT --asset ${nameOf(offer, price)}`] : []),
    '--key my.key',
  );
}

/** Opens an account for this price. In a token that takes a proof, which no page makes. */
export function openingCommand(
  service: string,
  offer: Offer,
  price: Priced,
  node: string,
  runs = 4n,
): string {
  return lines(
    `sealrun open ${urlOf(service, offer)}`,
    `--asset ${nameOf(offer, price)} --deposit ${amount(price.amount * runs, price.decimals)}`,
    `--account-key account.key --key my.key --node ${quoted(node)}`,
  );
}

/** Buys credits into a new account for this price; undefined for a token with decimals, which is no credit. */
export function creditsCommand(
  service: string,
  offer: Offer,
  price: Priced,
  node: string,
  runs = 4n,
): string | undefined {
  if (price.decimals > 0 || price.owner === undefined) return undefined;
  return lines(
    `sealrun credits buy ${price.owner} ${price.amount * runs} --ask ASK`,
    `--into ${urlOf(service, offer)}`,
    `--account-key account.key --key my.key --node ${quoted(node)}`,
  );
}

function urlOf(service: string, offer: Offer): string {
  return quoted(`${service}/offers/${offer.hash}`);
}

/** The symbol, or the id where the offer names two assets alike. */
function nameOf({ prices }: Offer, { symbol, asset }: Priced): string {
  return prices.filter((one) => one.symbol === symbol).length === 1 ? symbol : asset;
}

function lines(...parts: string[]): string {
  return parts.join(' \\\n  ');
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
