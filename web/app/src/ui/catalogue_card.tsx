// One offer of a catalogue: what it is, what it costs in every asset, and how it went so far.
import { readPrices, type Price } from '../../../shared/src/prices.ts';
import type { Entry, History } from '../../../shared/src/catalogue.ts';
import { duration, priced, short } from '../format.ts';
import { placeOf } from '../route.ts';
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

export function historyWords(history: History | null): string {
  if (history === null) return 'No public history.';
  const { runs, good, seconds, lowest, typical, since, until, more, twice } = history;
  const lied = twice > 0 ? ` ${twice} calls have two different receipts each.` : '';
  if (runs === 0) return `No run is on record yet.${lied}`;
  const span = since === null || until === null ? '' : ` ${days(since, until)}`;
  const took = seconds === null ? '' : `, in ${duration(seconds)} as a rule`;
  const grade = typical === null ? '' : `, grade ${typical}`;
  const least = typical !== null && lowest !== typical ? ` (lowest ${lowest})` : '';
  return `${more ? 'At least ' : ''}${runs} ${runs === 1 ? 'run' : 'runs'}${span}: ${good} good${took}${grade}${least}.${lied}`;
}

function days(since: number, until: number): string {
  const [first, last] = [since, until].map((seconds) =>
    new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: 'medium' }),
  );
  return first === last ? `on ${first}` : `from ${first} to ${last}`;
}
