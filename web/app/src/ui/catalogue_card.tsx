// One offer of a catalogue: what it is, what it costs in every asset, and how it went so far.
import { readPrices, type Price } from '../../../shared/src/prices.ts';
import type { Entry } from '../../../shared/src/catalogue.ts';
import { priced, short } from '../format.ts';
import { placeOf } from '../route.ts';
import { historyWords } from './history_words.ts';
import { Badge } from './parts.tsx';
import { providerName } from './providers.ts';

// Of an offer's inputs; the others are counted.
const MAX_INPUTS = 6;

export function CatalogueCard(props: { entry: Entry }) {
  const { entry } = props;
  const provider = providerName(entry.provider);
  const inputs = entry.inputs.slice(0, MAX_INPUTS);
  return (
    <li className="card offer">
      <div className="row spread">
        <h2 className="wrap">
          <a href={placeOf(entry.service, 'offers', entry.offer)}>{entry.title}</a>
        </h2>
        {entry.proved && <Badge tone="good">Settled by proofs</Badge>}
        {entry.named && <Badge tone="warn">For named keys</Badge>}
      </div>
      <Prices prices={pricesOf(entry)} />
      {notTaken(entry).map((line) => (
        <p className="small wrap" key={line}>
          Took no calls when this was built{line}
        </p>
      ))}
      <p className="small wrap">{historyWords(entry.history)}</p>
      {inputs.length > 0 && (
        <p className="quiet small wrap">
          Inputs:{' '}
          {inputs.map(({ name, title, description }, at) => (
            <span key={name}>
              {at > 0 && ', '}
              <span title={description || undefined}>{title || name}</span>
            </span>
          ))}
          {entry.inputs.length > inputs.length &&
            ` and ${entry.inputs.length - inputs.length} more`}
        </p>
      )}
      <p className="quiet small wrap">
        Seller{' '}
        <span className="mono" title={entry.seller}>
          {short(entry.seller, 5)}
        </span>{' '}
        · {provider && `${provider} · `}
        {new URL(entry.service).host} · at least grade {entry.grade}
      </p>
    </li>
  );
}

function notTaken({ reason, dropped }: Entry): string[] {
  if (reason) return [`: ${reason}`];
  return dropped.map((each) => ` at the price in ${each.symbol}: ${each.reason}`);
}

function Prices(props: { prices: Price[] | null }) {
  const { prices } = props;
  if (prices === null) return <p className="wrong">Its prices are not of their form.</p>;
  if (prices.length === 0)
    return (
      <p className="price">
        <strong>Free</strong>
      </p>
    );
  return (
    <p className="price">
      {prices.map((price, at) => (
        <span key={price.asset}>
          {at > 0 && ' or '}
          <strong title={price.owner && `A token of ${price.owner}`}>{priced(price)}</strong>
        </span>
      ))}{' '}
      if it succeeds
    </p>
  );
}

/** Checked as an offer's are: a token's owner derives its id, and none is called MINA but MINA. */
function pricesOf(entry: Entry): Price[] | null {
  try {
    return readPrices(entry.prices);
  } catch {
    return null;
  }
}
