// The card beside an offer: price by outcome, who pays from where, what the wallet signs, and the button.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { fieldHex } from '../../../shared/src/fields.ts';
import { isPublicKey, MINA } from '../../../shared/src/mina.ts';
import { termsHash } from '../../../shared/src/verification/documents.ts';
import { useNode } from '../chain/nodes.ts';
import { creditsCommand, openingCommand } from '../command.ts';
import { amount, message, percent, priced, short, written } from '../format.ts';
import { paid, takesCalls, type Action } from '../pages/offer.tsx';
import { takenPrices, type OfferView } from '../service/api.ts';
import type { Offer, Priced } from '../service/offer.ts';
import { keep, requireNameable } from '../state/accounts.ts';
import { useAcquaintance } from '../state/services.ts';
import { Numerals } from './numerals.tsx';
import { Card, Code, Figures, Note } from './parts.tsx';

export function Summary(props: { service: string; view: OfferView; action: Action }) {
  const { service, view, action } = props;
  const { offer } = view;
  const { price } = action;
  return (
    <Card title="Summary">
      <Price view={view} action={action} />
      {price && <AccountChoice price={price} action={action} />}
      {price && price.asset !== MINA && action.account === '' && (
        <OpenedByCommand service={service} offer={offer} price={price} />
      )}
      <Acquaintance service={service} offer={offer} />
      <button
        type="button"
        className="button main wide"
        disabled={action.busy || !takesCalls(view)}
        aria-busy={action.busy}
        onClick={action.run}
      >
        {action.label}
      </button>
      {price && action.account === '' && (
        <NameAccount key={price.asset} service={service} price={price} choose={action.choose} />
      )}
      <Standing action={action} />
      <p className="quiet small">
        {paid(offer)
          ? 'Your wallet signs one list of seven numbers. It allows up to the limit shown, from this account only; nothing is sent to the chain.'
          : 'Your wallet signs one list of seven numbers. It allows this one run and no payment.'}
      </p>
    </Card>
  );
}

function Price(props: { view: OfferView; action: Action }) {
  const { view, action } = props;
  const { prices, network } = view.offer;
  const { price } = action;
  if (prices.length === 0)
    return (
      <p className="price">
        <strong>Free</strong> however it ends
      </p>
    );
  if (!price) return <p className="price">{prices.map(priced).join(' or ')}</p>;
  return (
    <>
      <p className="price">
        <strong>{amount(price.amount, price.decimals)}</strong>
        {price.symbol} if the run succeeds
      </p>
      {prices.length > 1 && <PriceChoice view={view} action={action} price={price} />}
      <Figures
        items={[
          ...(price.asset === MINA
            ? []
            : ([[`${price.symbol}, as the seller calls it`, <Token id={price.asset} />]] as [
                string,
                ReactNode,
              ][])),
          ['Failed, cancelled or late', written(0n, price)],
          ['Network fee', 'none'],
          ['Network', network],
          ['Operator’s share, from the seller', percent(price.terms.operator_share)],
        ]}
      />
    </>
  );
}

function Token(props: { id: string }) {
  return (
    <span className="mono" title={props.id}>
      {short(props.id, 5)}
    </span>
  );
}

/** One price at a time; one that takes no runs now is shown and cannot be chosen. */
function PriceChoice(props: { view: OfferView; action: Action; price: Priced }) {
  const { view, action, price } = props;
  const taken = takenPrices(view);
  return (
    <div className="field">
      <label htmlFor="price">Pay with</label>
      <select
        id="price"
        value={price.asset}
        disabled={action.busy}
        onChange={(event) => action.pickPrice(event.currentTarget.value)}
      >
        {view.offer.prices.map((one) => (
          <option key={one.asset} value={one.asset} disabled={!taken.includes(one)}>
            {priced(one)}
            {one.asset !== MINA && `, token ${short(one.asset, 4)}`}
            {!taken.includes(one) && ', not now'}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Opening an account in a token takes a proof, which the command makes. */
function OpenedByCommand(props: { service: string; offer: Offer; price: Priced }) {
  const { service, offer, price } = props;
  const [node] = useNode(offer.network);
  const credits = creditsCommand(service, offer, price, node);
  return (
    <>
      <p>Opening an account in {price.symbol} takes a proof, which the command makes:</p>
      <Code text={openingCommand(service, offer, price, node)} label="Command" fold />
      {credits && (
        <>
          <p>or, where {price.symbol} is a credit that somebody sells:</p>
          <Code text={credits} label="Command for credits" fold />
        </>
      )}
    </>
  );
}

/** What the wallet shows, or what went wrong; brought into view where the button stands far from it, as on a phone. */
function Standing(props: { action: Action }) {
  const { numerals, declined, problem } = props.action;
  const place = useRef<HTMLDivElement>(null);
  const says = numerals !== null || declined || problem !== '';
  useEffect(() => {
    if (says) place.current?.scrollIntoView({ block: 'nearest' });
  }, [numerals, declined, problem]);
  return (
    <div ref={place} className="standing">
      <div role="status" aria-live="polite">
        {numerals && <Numerals numerals={numerals} />}
        {declined && <Note>Declined in the wallet. Nothing was signed and nothing was sent.</Note>}
      </div>
      {problem && (
        <Note tone="bad" alert>
          {problem}
        </Note>
      )}
    </div>
  );
}

function AccountChoice(props: { price: Priced; action: Action }) {
  const { price, action } = props;
  const { mine } = action;
  const chosen = mine.find(({ address }) => address === action.account);
  return (
    <>
      <hr />
      {chosen && (
        <Figures
          items={[
            ['Paid from', <span className="mono">{short(chosen.address, 5)}</span>],
            ['Signed so far, at most', written(chosen.known.highest, price)],
            ['This run allows, in all', written(chosen.known.committed + price.amount, price)],
          ]}
        />
      )}
      {mine.length > 1 && (
        <div className="field">
          <label htmlFor="account">Account</label>
          <select
            id="account"
            value={action.account}
            onChange={(event) => action.choose(event.currentTarget.value)}
          >
            {mine.map(({ address }) => (
              <option key={address} value={address}>
                {short(address, 8)}
              </option>
            ))}
          </select>
        </div>
      )}
      {mine.length === 0 && (
        <p>
          Runs are paid from a prepaid account of this seller’s terms, in {price.symbol}. The money
          in it stays yours until a run succeeds.
        </p>
      )}
    </>
  );
}

/** Beside the button that opens one: an account that was opened elsewhere. */
function NameAccount(props: { service: string; price: Priced; choose: (address: string) => void }) {
  const { service, price, choose } = props;
  const { terms, decimals, symbol } = price;
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const [asking, setAsking] = useState(false);
  const [node] = useNode(terms.network);
  const take = async (address: string) => {
    requireNameable(address, price);
    const unit = { decimals, symbol };
    if (price.asset !== MINA) {
      // Nobody signs a token's decimals: those of the offer are compared with the chain before anything is paid (A15).
      const { adopt } = await import('../chain/fund.ts');
      if ((await adopt(node, address, terms, service, unit)) === null)
        throw new Error(`There is no such account in ${symbol} on ${terms.network}.`);
      return;
    }
    const known = { committed: 0n, highest: 0n, refused: [] };
    const hash = fieldHex(termsHash(terms));
    keep({ address, terms: hash, document: terms, service, seller: terms.seller, unit, known });
  };
  const add = async (address: string) => {
    setText(address);
    setProblem('');
    if (!isPublicKey(address)) return;
    setAsking(true);
    try {
      await take(address);
      choose(address);
    } catch (error) {
      setProblem(message(error));
    } finally {
      setAsking(false);
    }
  };
  return (
    <div className="field">
      <label htmlFor="account">or name one that is open</label>
      <input
        id="account"
        type="text"
        placeholder="B62…"
        spellCheck="false"
        autoComplete="off"
        value={text}
        aria-invalid={problem !== '' || (text !== '' && !isPublicKey(text))}
        disabled={asking}
        onChange={(event) => void add(event.currentTarget.value.trim())}
      />
      {problem && (
        <p className="wrong" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function Acquaintance(props: { service: string; offer: Offer }) {
  const { service, offer } = props;
  const known = useAcquaintance(service, offer.oracle);
  if (known === 'known') return null;
  const seller = offer.prices[0]?.terms.seller;
  return (
    <Note
      tone={known === 'changed' ? 'bad' : 'warn'}
      title={
        known === 'changed'
          ? 'Another oracle signs here now'
          : 'You have not run anything here before'
      }
    >
      <p className="small">
        {known === 'changed'
          ? 'Earlier receipts of this service were signed by another key. Ask the seller before you go on.'
          : 'Compare these with what the seller published.'}
      </p>
      <dl className="small">
        <Named name="Service" value={new URL(service).host} />
        {seller && <Named name="Seller" value={seller} />}
        <Named name="Oracle" value={offer.oracle} />
      </dl>
    </Note>
  );
}

function Named(props: { name: string; value: string }) {
  return (
    <>
      <dt>{props.name}</dt>
      <dd className="mono wrap">{props.value}</dd>
    </>
  );
}
