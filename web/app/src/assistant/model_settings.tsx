// Where the buyer's own model is found. All three stay in this tab.
import { useState } from 'react';
import type { Model } from './model.ts';

const FIELDS = [
  ['url', 'Address, up to /v1', 'https://api.example/v1'],
  ['name', 'Model', ''],
  ['key', 'Key', ''],
] as const;

export function ModelSettings(props: {
  model: Model | null;
  use: (model: Model | null) => void;
  /** What it gets beside the conversation, in words. */
  given: string;
}) {
  const [open, setOpen] = useState(false);
  const [draft, setDraft] = useState<Model>({ url: '', name: '', key: '' });
  const good = /^https:\/\/|^http:\/\/127\.0\.0\.1[:/]/.test(draft.url) && draft.name !== '';
  if (props.model)
    return (
      <p className="small quiet wrap">
        {new URL(props.model.url).host} answers as {props.model.name}, and gets what you write and{' '}
        {props.given}.{' '}
        <button type="button" className="text-button" onClick={() => props.use(null)}>
          Work without a model
        </button>
      </p>
    );
  if (!open)
    return (
      <p className="small">
        <span className="quiet">Works without a model. </span>
        <button type="button" className="text-button" onClick={() => setOpen(true)}>
          Use your own
        </button>
      </p>
    );
  return (
    <form
      className="stack"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (good) props.use(draft);
      }}
    >
      {FIELDS.map(([name, label, placeholder]) => (
        <div key={name} className="field">
          <label htmlFor={`model-${name}`}>{label}</label>
          <input
            id={`model-${name}`}
            type={name === 'key' ? 'password' : 'text'}
            // A browser saves no password of this kind.
            autoComplete={name === 'key' ? 'new-password' : 'off'}
            spellCheck="false"
            placeholder={placeholder}
            value={draft[name]}
            onChange={(event) => setDraft({ ...draft, [name]: event.currentTarget.value.trim() })}
          />
        </div>
      ))}
      <p className="small quiet">
        Any endpoint of OpenAI’s chat completions that lets pages ask; a local Ollama needs this
        page’s address in OLLAMA_ORIGINS. It gets what you write and {props.given}. It signs
        nothing. The key stays in this tab.
      </p>
      <div className="row">
        <button type="submit" className="button" disabled={!good}>
          Use this model
        </button>
        <button type="button" className="button" onClick={() => setOpen(false)}>
          Cancel
        </button>
      </div>
    </form>
  );
}
