// Words beside the form. Whatever is understood is put into the form, marked with its reason; nothing is signed or sent.
import { inputNames } from '../../../shared/src/inputs.ts';
import type { Draft } from '../inputs.ts';
import type { Offer } from '../service/offer.ts';
import { answer } from './answers.ts';
import { askModel } from './model.ts';
import { readWords, type Reading } from './read_words.ts';
import { Talk, type Reply, type Said } from './talk.tsx';

export function Assistant(props: {
  offer: Offer;
  said: Said[];
  say: (said: Said[]) => void;
  propose: (values: Draft, why: Record<string, string>) => void;
}) {
  const { offer } = props;
  const proposed = (reading: Reading, words?: string): Reply => {
    props.propose(reading.values, reading.why);
    const chips = Object.entries(reading.values).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    return { text: words || summary(reading, offer), chips };
  };
  return (
    <Talk
      said={props.said}
      say={props.say}
      answer={(text) => {
        const reading = readWords(offer.inputs, text);
        const known = Object.keys(reading.values).length + reading.refused.length > 0;
        return proposed(reading, known ? undefined : answer(offer, text));
      }}
      askModel={async (model, turns) => {
        const { reading, words } = await askModel(model, offer, turns);
        return proposed(reading, words);
      }}
      label="Describe the run"
      placeholder={example(offer)}
      given="this offer"
    >
      Describe the run in your words, or ask what it costs, what runs, and who sees what. What is
      understood goes into the form below, marked.
    </Talk>
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
