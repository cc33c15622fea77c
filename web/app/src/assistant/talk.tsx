// A conversation: what was said, a line to write, and the buyer's own model where one is used.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { message } from '../format.ts';
import type { Model, Turn } from './model.ts';
import { ModelSettings } from './model_settings.tsx';

export interface Said {
  by: 'you' | 'page';
  text: string;
  chips?: [string, string][];
}

export type Reply = Omit<Said, 'by'>;

export function Talk(props: {
  said: Said[];
  say: (said: Said[]) => void;
  /** By rules alone. */
  answer: (text: string) => Reply;
  /** By the buyer's model; throws where it does not answer. */
  askModel: (model: Model, turns: Turn[]) => Promise<Reply>;
  label: string;
  placeholder: string;
  /** What a model is given, in words. */
  given: string;
  children: ReactNode;
}) {
  const [text, setText] = useState('');
  const [model, setModel] = useState<Model | null>(null);
  const [busy, setBusy] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const asked = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // A promise in newer browsers, and no cleanup.
    if (props.said.length > 0) void end.current?.scrollIntoView({ block: 'nearest' });
  }, [props.said.length]);

  const send = async () => {
    const wanted = text.trim();
    if (wanted === '' || busy) return;
    const before: Said[] = [...props.said, { by: 'you', text: wanted }];
    setText('');
    props.say(before);
    if (!model) return props.say([...before, { by: 'page', ...props.answer(wanted) }]);
    setBusy(true);
    try {
      const turns = before.map(
        ({ by, text: content }): Turn => ({ role: by === 'you' ? 'user' : 'assistant', content }),
      );
      props.say([...before, { by: 'page', ...(await props.askModel(model, turns)) }]);
    } catch (error) {
      props.say([...before, { by: 'page', text: message(error) }]);
    } finally {
      setBusy(false);
      asked.current?.focus();
    }
  };
  return (
    <div className="assistant">
      <div className="talk" role="log" aria-label="Conversation" aria-live="polite" tabIndex={0}>
        {props.said.length === 0 && <p className="quiet">{props.children}</p>}
        {props.said.map(({ by, text: words, chips }, at) => (
          <div key={at} className={`said ${by}`}>
            <span className="hidden">{by === 'you' ? 'You: ' : 'Page: '}</span>
            <span className="wrap">{words}</span>
            {chips && chips.length > 0 && (
              <ul className="chips">
                {chips.map(([name, value]) => (
                  <li key={name}>
                    {name} <strong>{value}</strong>
                  </li>
                ))}
              </ul>
            )}
          </div>
        ))}
        <div ref={end} />
      </div>
      <form
        className="ask"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <input
          ref={asked}
          className="search"
          aria-label={props.label}
          placeholder={props.placeholder}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" className="button" disabled={busy || text.trim() === ''}>
          {busy ? 'Asking…' : 'Send'}
        </button>
      </form>
      <ModelSettings model={model} use={setModel} given={props.given} />
    </div>
  );
}
