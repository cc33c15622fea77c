// The catalogue beside the page: offers of many sellers, searched here; nothing is asked of anybody while typing.
import { useId, useMemo, useState, type ReactNode } from 'react';
import {
  assetsOf,
  search,
  type Catalogue,
  type Entry,
  type Wanted,
} from '../../../shared/src/catalogue.ts';
import { duration, moment, parseUnits, short } from '../format.ts';
import { useLoaded } from '../load.ts';
import { catalogueAddress } from '../route.ts';
import { getCatalogue } from '../service/catalogue.ts';
import { CatalogueCard } from '../ui/catalogue_card.tsx';
import { Failed, Note } from '../ui/parts.tsx';
import { providerName } from '../ui/providers.ts';

const PAGE = 30;
// An owner whose address has the same four last characters is found in minutes.
const OWNER_ENDS = 8;
// Older than this, offers may be closed and prices changed since.
const OLD_SECONDS = 7 * 86_400;

export function CataloguePage(props: { given: Record<string, string> }) {
  const address = catalogueAddress();
  const loaded = useLoaded(address ?? '', async () => (address ? getCatalogue(address) : null));
  if (loaded === null) return <p className="quiet">Reading the catalogue…</p>;
  if ('problem' in loaded)
    return <Failed title="The catalogue cannot be shown">{loaded.problem}</Failed>;
  if (loaded.value === null)
    return (
      <Failed title="There is no catalogue here">
        The host of this page has none. Anybody can build one: sealrun market build.
      </Failed>
    );
  return <Shown catalogue={loaded.value} given={props.given} />;
}

/** What somebody typed and chose, as it stands in the address. */
type Typed = Record<'q' | 'asset' | 'price' | 'provider' | 'grade' | 'input', string>;
const NOTHING: Typed = { q: '', asset: '', price: '', provider: '', grade: '', input: '' };

function Shown(props: { catalogue: Catalogue; given: Record<string, string> }) {
  const { catalogue } = props;
  const [typed, setTyped] = useState<Typed>({ ...NOTHING, ...kept(props.given) });
  const [most, setMost] = useState(PAGE);
  const assets = useMemo(() => assetsOf(catalogue), [catalogue]);
  const decimals = assets.find(({ asset }) => asset === typed.asset)?.decimals;
  const atMost = decimals === undefined ? undefined : parseUnits(typed.price, decimals);
  const wanted: Wanted = {
    words: typed.q,
    asset: typed.asset,
    provider: typed.provider,
    atMost: atMost ?? null,
    grade: Number(typed.grade) || 0,
    input: typed.input,
  };
  const found = useMemo(() => search(catalogue, wanted), [catalogue, JSON.stringify(typed)]);
  const change = (changed: Partial<Typed>) => {
    const now = { ...typed, ...changed };
    if (!now.asset) now.price = '';
    setTyped(now);
    setMost(PAGE);
    // Without an entry in the browser's history for each letter.
    history.replaceState(null, '', addressOf(now));
  };
  const all = catalogue.entries;
  return (
    <>
      <div className="title">
        <h1>Catalogue</h1>
        <Origin catalogue={catalogue} />
      </div>
      <div className="stack">
        <search>
          <form className="filters" onSubmit={(event) => event.preventDefault()}>
            <Labelled label="Search" wide>
              {(id) => (
                <input
                  id={id}
                  type="search"
                  autoComplete="off"
                  spellCheck="false"
                  placeholder="Title, input, host…"
                  maxLength={200}
                  value={typed.q}
                  onChange={(event) => change({ q: event.currentTarget.value })}
                />
              )}
            </Labelled>
            <Choice
              label="Paid in"
              value={typed.asset}
              choose={(asset) => change({ asset, price: '' })}
              options={assets.map(({ asset, symbol, owner }) => [
                asset,
                owner ? `${symbol} (token of ${short(owner, OWNER_ENDS)})` : symbol,
              ])}
            />
            {typed.asset && (
              <Labelled label="At most">
                {(id) => (
                  <input
                    id={id}
                    type="text"
                    inputMode="decimal"
                    autoComplete="off"
                    value={typed.price}
                    aria-invalid={typed.price.trim() !== '' && atMost === undefined}
                    onChange={(event) => change({ price: event.currentTarget.value })}
                  />
                )}
              </Labelled>
            )}
            <Choice
              label="Runs at"
              value={typed.provider}
              choose={(provider) => change({ provider })}
              options={values(all, ({ provider }) => [provider]).map((each) => [
                each,
                providerName(each) || each,
              ])}
            />
            <Choice
              label="Least grade"
              value={typed.grade}
              choose={(grade) => change({ grade })}
              options={values(all, ({ grade }) => [String(grade)])
                .filter((each) => each !== '0')
                .map((each) => [each, `Grade ${each}`])}
            />
            <Choice
              label="Has the input"
              value={typed.input}
              choose={(input) => change({ input })}
              options={values(all, ({ inputs }) => inputs.map(({ name }) => name)).map((each) => [
                each,
                each,
              ])}
            />
          </form>
        </search>
        <p role="status" className="quiet">
          {found.length === all.length
            ? `${all.length} ${all.length === 1 ? 'offer' : 'offers'}`
            : `${found.length} of ${all.length} offers`}
        </p>
        {found.length > 0 && (
          <ul className="offers" aria-label="Offers">
            {found.slice(0, most).map((entry) => (
              <CatalogueCard key={entry.offer} entry={entry} />
            ))}
          </ul>
        )}
        {found.length > most && (
          <div>
            <button type="button" className="button" onClick={() => setMost(most + PAGE)}>
              Show more
            </button>
          </div>
        )}
        <p className="quiet small">
          A history is what receipts tell that the offer’s oracle signed, as counted by whoever
          built this catalogue. An operator can leave receipts out, and a seller can buy its own
          runs. An offer is checked by its hash when you open it.
        </p>
      </div>
    </>
  );
}

/** Where it came from, and what of it could not be shown. */
function Origin(props: { catalogue: Catalogue }) {
  const { network, board, height, built, listed, read, failed, unreadable } = props.catalogue;
  const [now] = useState(() => Date.now() / 1000);
  const hidden = failed + unreadable;
  return (
    <>
      <p>
        Listed on the board{' '}
        <span className="mono" title={board}>
          {short(board, 5)}
        </span>{' '}
        of {network}, as of block {height}, {moment(built)}.
        {read < listed && ` ${read} of ${listed} listings were read.`}
        {hidden > 0 && ` ${hidden} that did not pass a check are not shown.`}
      </p>
      {now - built > OLD_SECONDS && (
        <Note tone="warn" title={`This catalogue is ${duration(now - built)} old`}>
          Offers may be closed by now, and others may be there.
        </Note>
      )}
    </>
  );
}

function Choice(props: {
  label: string;
  value: string;
  choose: (value: string) => void;
  options: [string, string][];
}) {
  if (props.options.length === 0) return null;
  const known = props.options.some(([value]) => value === props.value);
  return (
    <Labelled label={props.label}>
      {(id) => (
        <select
          id={id}
          value={known ? props.value : ''}
          onChange={(event) => props.choose(event.currentTarget.value)}
        >
          <option value="">Any</option>
          {props.options.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

function Labelled(props: { label: string; wide?: boolean; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className={`field${props.wide ? ' wide' : ''}`}>
      <label htmlFor={id}>{props.label}</label>
      {props.children(id)}
    </div>
  );
}

/** Each value once, in order; of very many, those that most offers have. */
function values(entries: Entry[], of: (entry: Entry) => string[]): string[] {
  const counts = new Map<string, number>();
  for (const entry of entries)
    for (const value of new Set(of(entry))) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, MAX_OPTIONS);
  return most.map(([value]) => value).sort();
}

const MAX_OPTIONS = 200;

function kept(given: Record<string, string>): Partial<Typed> {
  const names = Object.keys(NOTHING).filter((name) => Object.hasOwn(given, name));
  return Object.fromEntries(names.map((name) => [name, (given[name] ?? '').slice(0, 200)]));
}

function addressOf(typed: Typed): string {
  const query = new URLSearchParams(Object.entries(typed).filter(([, value]) => value !== ''));
  return `#/catalogue${query.size > 0 ? `?${query}` : ''}`;
}
