// Words beside the form. Whatever is understood is put into the form, marked with its reason; nothing is signed or sent.
import { useEffect, useRef, useState } from 'react';
import { inputNames } from '../../../shared/src/inputs.ts';
import type { Draft } from '../inputs.ts';
import { message } from '../format.ts';
import type { Offer } from '../service/offer.ts';
import { answer } from './answers.ts';
import { askModel, type Model, type Turn } from './model.ts';
import { ModelSettings } from './model_settings.tsx';
import { readWords, type Reading } from './read_words.ts';

export interface Said {
  by: 'you' | 'page';
  text: string;
  chips?: [string, string][];
}

export function Assistant(props: {
  offer: Offer;
  said: Said[];
  say: (said: Said[]) => void;
  propose: (values: Draft, why: Record<string, string>) => void;
}) {
  const { offer } = props;
  const [text, setText] = useState('');
  const [model, setModel] = useState<Model | null>(null);
  const [busy, setBusy] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const asked = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // A promise in newer browsers, and no cleanup.
    void end.current?.scrollIntoView({ block: 'nearest' });
  }, [props.said.length]);

  const show = (before: Said[], reading: Reading, words?: string) => {
    props.propose(reading.values, reading.why);
    const chips = Object.entries(reading.values).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    props.say([...before, { by: 'page', text: words ?? summary(reading, offer), chips }]);
  };
  const send = async () => {
    const wanted = text.trim();
    if (wanted === '' || busy) return;
    const before: Said[] = [...props.said, { by: 'you', text: wanted }];
    setText('');
    props.say(before);
    if (!model) {
      const reading = readWords(offer.inputs, wanted);
      const known = Object.keys(reading.values).length + reading.refused.length > 0;
      const told = known ? undefined : answer(offer, wanted);
      return show(before, reading, told);
    }
    setBusy(true);
    try {
      const turns = before.map(
        ({ by, text: content }): Turn => ({ role: by === 'you' ? 'user' : 'assistant', content }),
      );
      const { reading, words } = await askModel(model, offer, turns);
      show(before, reading, words || undefined);
    } catch (error) {
      props.say([...before, { by: 'page', text: message(error) }]);
    } finally {
      setBusy(false);
      asked.current?.focus();
    }
  };
  return (
    <div className="assistant">
      <div className="talk" role="log" aria-label="Conversation" aria-live="polite">
        {props.said.length === 0 && (
          <p className="quiet">
            Describe the run in your words, or ask what it costs, what runs, and who sees what. What
            is understood goes into the form below, marked.
          </p>
        )}
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
          aria-label="Describe the run"
          placeholder={example(offer)}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" className="button" disabled={busy || text.trim() === ''}>
          {busy ? 'Asking…' : 'Send'}
        </button>
      </form>
      <ModelSettings model={model} use={setModel} />
    </div>
  );
}

function summary(reading: Reading, offer: Offer): string {
  const count = Object.keys(reading.values).length;
  const found =
    count === 0
      ? ''
      : `I found ${count === 1 ? 'one input' : `${count} inputs`} in that. Look at the marked fields, then sign.`;
  const refused = reading.refused.length > 0 ? `I left out ${reading.refused.join(' ')}` : '';
  const nothing = `I found no input in that. This run takes ${inputNames(offer.inputs).join(', ') || 'none'}; write for example ${example(offer)}`;
  return [found, refused].filter(Boolean).join(' ') || nothing;
}

/** A sentence that the rules read, out of the offer's own inputs. */
function example({ inputs }: Offer): string {
  const parts = inputNames(inputs).flatMap((name) => {
    const kind = inputs.properties[name];
    if (kind?.enum) return [kind.enum.at(-1) ?? ''];
    if (kind?.type === 'boolean') return [`not ${name}`];
    if (kind?.type === 'integer') return [`${kind.maximum ?? 1} ${name}`];
    return [];
  });
  return parts.slice(0, 3).join(', ') || 'name=value';
}
