// Small parts that every page is made of.
import { useState, type ReactNode } from 'react';

export type Tone = 'plain' | 'good' | 'bad' | 'warn';

export function Card(props: {
  title: string;
  side?: ReactNode;
  children: ReactNode;
  label?: string;
}) {
  return (
    <section className="card" aria-label={props.label ?? props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.side}
      </header>
      <div className="body">{props.children}</div>
    </section>
  );
}

export function Badge(props: { tone?: Tone; busy?: boolean; children: ReactNode }) {
  const busy = props.busy ? ' busy' : '';
  return <span className={`badge ${props.tone ?? 'plain'}${busy}`}>{props.children}</span>;
}

/** Something that the reader must not miss; `alert` is read out at once. */
export function Note(props: { tone?: Tone; title?: string; alert?: boolean; children: ReactNode }) {
  return (
    <div className={`note ${props.tone ?? 'plain'}`} role={props.alert ? 'alert' : undefined}>
      {props.title && <strong>{props.title}</strong>}
      <div className="wrap">{props.children}</div>
    </div>
  );
}

/** A page that cannot be shown, and why. */
export function Failed(props: { title: string; children: ReactNode }) {
  return (
    <>
      <div className="title">
        <h1>{props.title}</h1>
      </div>
      <Note tone="bad" alert>
        {props.children}
      </Note>
    </>
  );
}

export function Facts(props: { items: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {props.items.map(([name, value]) => [
        <dt key={name}>{name}</dt>,
        <dd key={`${name}=`}>{value}</dd>,
      ])}
    </dl>
  );
}

export function Figures(props: { items: [string, ReactNode][] }) {
  return (
    <dl className="figures">
      {props.items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Code(props: { text: string; label: string; fold?: boolean }) {
  return (
    <pre
      className={`code${props.fold ? ' fold' : ''}`}
      role="region"
      tabIndex={0}
      aria-label={props.label}
    >
      {props.text}
    </pre>
  );
}

export function Copy(props: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(props.text).then(
      () => setDone(true),
      () => setDone(false),
    );
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      {done ? 'Copied' : `Copy ${props.what}`}
    </button>
  );
}

/** A link out of a seller's or a provider's text: only http and https, and it learns nothing of this page. */
export function Away(props: { url: string; children: ReactNode }) {
  if (!/^https?:\/\//.test(props.url)) return <>{props.children}</>;
  return (
    <a href={props.url} rel="noreferrer noopener" target="_blank">
      {props.children}
    </a>
  );
}

export function Tabs<Name extends string>(props: {
  names: readonly Name[];
  chosen: Name;
  choose: (name: Name) => void;
  label: string;
}) {
  const move = (step: number) => {
    const { names, chosen } = props;
    const next = names[(names.indexOf(chosen) + step + names.length) % names.length];
    if (next) props.choose(next);
  };
  return (
    <div className="tabs" role="tablist" aria-label={props.label}>
      {props.names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === props.chosen}
          tabIndex={name === props.chosen ? 0 : -1}
          ref={(button) => {
            if (name === props.chosen && button?.parentElement?.contains(document.activeElement))
              button.focus();
          }}
          onClick={() => props.choose(name)}
          onKeyDown={(event) => {
            if (event.key === 'ArrowRight') move(1);
            if (event.key === 'ArrowLeft') move(-1);
          }}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
