// Without an offer in the address: what this page is, and where to put a link.
import { useState } from 'react';
import { Card, Note } from '../ui/parts.tsx';
import { parseRoute } from '../route.ts';

export function Home(props: { why?: string }) {
  const [link, setLink] = useState('');
  const [wrong, setWrong] = useState('');
  const go = () => {
    const text = link.trim();
    const fragment = text.includes('#') ? text.slice(text.indexOf('#')) : `#/${text}`;
    const route = parseRoute(fragment, location.href);
    if (['offer', 'call', 'ticket'].includes(route.page)) location.hash = fragment;
    else setWrong('Expected the address of an offer, of a run, or of a ticket.');
  };
  return (
    <>
      <div className="title">
        <h1>Run somebody’s pipeline, and prove what it did</h1>
        <p>
          A seller offers one job of a CI pipeline. You choose its inputs and sign once; it runs on
          the seller’s CI. You get a receipt that this page checks byte by byte.
        </p>
      </div>
      <div className="stack">
        {props.why && (
          <Note tone="warn" title="This address leads nowhere" alert>
            Expected an offer, a run or a ticket; {props.why}.
          </Note>
        )}
        <Card title="Open a link">
          <form
            className="field"
            onSubmit={(event) => {
              event.preventDefault();
              go();
            }}
          >
            <label htmlFor="link">Address of an offer, a run or a ticket</label>
            <input
              id="link"
              type="text"
              inputMode="url"
              autoComplete="off"
              spellCheck={false}
              placeholder="https://…/offers/…"
              value={link}
              aria-invalid={wrong !== ''}
              aria-describedby="link-help"
              onChange={(event) => {
                setLink(event.currentTarget.value);
                setWrong('');
              }}
            />
            <div id="link-help">
              {wrong && <p className="wrong">{wrong}</p>}
              <p className="help">
                Opening it shows what is offered. Nothing is started or signed.
              </p>
            </div>
            <button type="submit" className="button main">
              Open
            </button>
          </form>
        </Card>
      </div>
    </>
  );
}
