// The card beside an offer: price by outcome, who pays from where, what the wallet signs, and the button.
import { useEffect, useRef, useState } from 'react';
import { fieldHex } from '../../../shared/src/fields.ts';
import { isPublicKey } from '../../../shared/src/mina.ts';
import { termsHash } from '../../../shared/src/verification/documents.ts';
import { amount, mina, percent, priced, short } from '../format.ts';
import { takesCalls, type Action } from '../pages/offer.tsx';
import type { OfferView } from '../service/api.ts';
import type { Offer } from '../service/offer.ts';
import { keep, useAccounts } from '../state/accounts.ts';
import { useAcquaintance } from '../state/services.ts';
import { Numerals } from './numerals.tsx';
import { Card, Figures, Note } from './parts.tsx';

export function Summary(props: { service: string; view: OfferView; action: Action }) {
  const { service, view, action } = props;
  const { offer } = view;
  const paid = offer.price > 0n;
  return (
    <Card title="Summary">
      <Price offer={offer} />
      {paid && <AccountChoice offer={offer} action={action} />}
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
      {paid && action.account === '' && <NameAccount {...props} />}
      <Standing action={action} />
      <p className="quiet small">
        {paid
          ? 'Your wallet signs one list of seven numbers. It allows up to the limit shown, from this account only; nothing is sent to the chain.'
          : 'Your wallet signs one list of seven numbers. It allows this one run and no payment.'}
      </p>
    </Card>
  );
}

function Price(props: { offer: Offer }) {
  const { price, others, terms, network } = props.offer;
  if (price === 0n)
    return (
      <p className="price">
        <strong>Free</strong> however it ends
      </p>
    );
  return (
    <>
      <p className="price">
        <strong>{amount(price)}</strong>MINA if the run succeeds
      </p>
      <Figures
        items={[
          ['Failed, cancelled or late', '0 MINA'],
          ['Network fee', 'none'],
          ['Network', network],
          ...others.map((other): [string, string] => [
            'Or with the command',
            `${priced(other)}, from an account that sealrun open --asset ${other.symbol} opens`,
          ]),
          ...(terms
            ? [
                ['Operator’s share, from the seller', percent(terms.operator_share)] as [
                  string,
                  string,
                ],
              ]
            : []),
        ]}
      />
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

function AccountChoice(props: { offer: Offer; action: Action }) {
  const { offer, action } = props;
  const terms = fieldHex(termsHash(offer.terms));
  const mine = useAccounts().filter((account) => account.terms === terms);
  const chosen = mine.find(({ address }) => address === action.account);
  return (
    <>
      <hr />
      {chosen && (
        <Figures
          items={[
            ['Paid from', <span className="mono">{short(chosen.address, 5)}</span>],
            ['Signed so far, at most', mina(chosen.known.highest)],
            ['This run allows, in all', mina(chosen.known.committed + offer.price)],
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
          Runs are paid from a prepaid account of this seller’s terms. The money in it stays yours
          until a run succeeds.
        </p>
      )}
    </>
  );
}

/** Beside the button that opens one: an account that was opened elsewhere. */
function NameAccount(props: { service: string; view: OfferView; action: Action }) {
  const { service, action } = props;
  const { terms } = props.view.offer;
  const [text, setText] = useState('');
  const add = (address: string) => {
    setText(address);
    if (!isPublicKey(address)) return;
    const known = { committed: 0n, highest: 0n, refused: [] };
    const hash = fieldHex(termsHash(terms));
    keep({ address, terms: hash, document: terms, service, seller: terms?.seller ?? '', known });
    action.choose(address);
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
        aria-invalid={text !== '' && !isPublicKey(text)}
        onChange={(event) => add(event.currentTarget.value.trim())}
      />
    </div>
  );
}

function Acquaintance(props: { service: string; offer: Offer }) {
  const { service, offer } = props;
  const known = useAcquaintance(service, offer.oracle);
  if (known === 'known') return null;
  const seller = offer.terms?.seller;
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
