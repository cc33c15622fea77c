// The form of an offer's inputs: six kinds, each with its title, help, default and what is wrong with it.
import { useId, type ReactNode } from 'react';
import { inputNames, type InputSchema, type Property } from '../../../shared/src/inputs.ts';
import { readable, type Draft } from '../inputs.ts';
import { NamedOfferLine, type Place } from './named_offer.tsx';

// More options than these stand in a list that opens.
const MAX_BUTTONS = 5;
const MAX_BUTTON_TEXT = 48;
// A slider over more steps is a guess.
const MAX_STEPS = 1000;

interface FieldProps {
  name: string;
  kind: Property;
  value: string | boolean | undefined;
  change: (value: string | boolean | undefined) => void;
  wrong: string;
  required: boolean;
  /** Where the value came from, if no hand typed it. */
  mark: string;
  at: Place | undefined;
}

export function Fields(props: {
  schema: InputSchema;
  names?: string[];
  draft: Draft;
  change: (name: string, value: string | boolean | undefined) => void;
  wrong: Record<string, string>;
  marks: Record<string, string>;
  at?: Place | undefined;
}) {
  const { schema } = props;
  return (props.names ?? inputNames(schema)).map((name) => {
    const kind = schema.properties[name];
    return (
      kind && (
        <Field
          key={name}
          name={name}
          kind={kind}
          value={props.draft[name]}
          change={(value) => props.change(name, value)}
          wrong={props.wrong[name] ?? ''}
          required={schema.required?.includes(name) ?? false}
          mark={props.marks[name] ?? ''}
          at={props.at}
        />
      )
    );
  });
}

function Field(props: FieldProps) {
  const { kind } = props;
  if (kind.type === 'boolean') return <Switch {...props} />;
  if (kind.enum) {
    const short =
      kind.format === undefined &&
      kind.enum.join('').length <= MAX_BUTTON_TEXT &&
      kind.enum.length <= MAX_BUTTONS;
    return short ? (
      <Choices {...props} options={kind.enum} />
    ) : (
      <Select {...props} options={kind.enum} />
    );
  }
  if (kind.type === 'string') return <Text {...props} />;
  return <NumberField {...props} />;
}

function Switch(props: FieldProps) {
  const id = useId();
  const on = props.value ?? props.kind.default ?? false;
  return (
    <div className="field">
      <div className="switch">
        <div>
          <label htmlFor={id}>
            <strong>{props.kind.title ?? props.name}</strong>
            <Mark text={props.mark} />
          </label>
          <Help id={id} {...props} />
        </div>
        <input
          id={id}
          name={props.name}
          type="checkbox"
          role="switch"
          checked={on === true}
          aria-describedby={`${id}-help`}
          onChange={(event) => props.change(event.currentTarget.checked)}
        />
      </div>
    </div>
  );
}

function Choices(props: FieldProps & { options: string[] }) {
  const id = useId();
  const chosen = props.value ?? props.kind.default ?? '';
  return (
    <fieldset className="field" aria-describedby={`${id}-help`}>
      <legend>
        <Label {...props} />
      </legend>
      <div className="choices">
        {props.options.map((option) => (
          <label key={option}>
            <input
              type="radio"
              name={props.name}
              value={option}
              checked={chosen === option}
              onChange={() => props.change(option)}
            />
            {option}
          </label>
        ))}
      </div>
      <Help id={id} {...props} />
    </fieldset>
  );
}

function Select(props: FieldProps & { options: string[] }) {
  const { chosen, ...common } = control(props);
  return (
    <Labelled {...props} id={common.id}>
      <select
        {...common}
        value={chosen}
        onChange={(event) => props.change(event.currentTarget.value)}
      >
        <option value="">{props.kind.default === undefined ? 'Choose…' : 'Default'}</option>
        {props.options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
      <Named {...props} />
    </Labelled>
  );
}

function Text(props: FieldProps) {
  const { chosen, ...common } = control(props);
  const encoded = props.kind.contentEncoding !== undefined;
  const changed = { value: chosen, spellCheck: 'false', autoComplete: 'off' } as const;
  return (
    <Labelled {...props} id={common.id}>
      {encoded ? (
        <textarea
          {...common}
          {...changed}
          placeholder='{"name": "value"}'
          onChange={(event) => props.change(event.currentTarget.value)}
        />
      ) : (
        <input
          {...common}
          {...changed}
          type="text"
          placeholder={placeholder(props.kind)}
          onChange={(event) => props.change(event.currentTarget.value)}
        />
      )}
      <Named {...props} />
    </Labelled>
  );
}

/** The offer that this input names, where it names one. */
function Named({ kind, at, value }: FieldProps) {
  const chosen = value === undefined || value === '' ? kind.default : value;
  if (!at || kind.format === undefined || typeof chosen !== 'string') return null;
  return <NamedOfferLine at={at} kind={kind} value={chosen} />;
}

function NumberField(props: FieldProps) {
  const { chosen, ...common } = control(props);
  const { minimum = 0, maximum = 0, type } = props.kind;
  const slider = type === 'integer' && maximum - minimum <= MAX_STEPS;
  const shown = chosen === '' ? String(props.kind.default ?? minimum) : chosen;
  return (
    <Labelled {...props} id={common.id}>
      <div className="number">
        <input
          {...common}
          type="text"
          inputMode={type === 'integer' && minimum >= 0 ? 'numeric' : 'text'}
          autoComplete="off"
          placeholder={placeholder(props.kind)}
          value={chosen}
          onChange={(event) => props.change(event.currentTarget.value)}
        />
        {slider ? (
          <input
            type="range"
            tabIndex={-1}
            aria-hidden="true"
            min={minimum}
            max={maximum}
            value={Number.isFinite(Number(shown)) ? shown : minimum}
            onChange={(event) => props.change(event.currentTarget.value)}
          />
        ) : (
          <span />
        )}
        <span className="quiet small">
          {minimum} to {maximum}
        </span>
      </div>
    </Labelled>
  );
}

function control(props: FieldProps) {
  const id = useId();
  return {
    id,
    name: props.name,
    chosen: typeof props.value === 'string' ? props.value : '',
    'aria-invalid': props.wrong !== '',
    'aria-required': props.required && props.kind.default === undefined,
    'aria-describedby': `${id}-help`,
  };
}

function Labelled(props: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={props.id}>
        <Label {...props} />
      </label>
      {props.children}
      <Help {...props} />
    </div>
  );
}

function Label(props: FieldProps) {
  const { kind, name, required } = props;
  const needed = required && kind.default === undefined;
  return (
    <>
      {kind.title ?? name}
      {!needed && <span className="tag">optional</span>}
      <Mark text={props.mark} />
    </>
  );
}

function Mark(props: { text: string }) {
  return props.text && <span className="tag marked">{props.text}</span>;
}

function Help(props: FieldProps & { id: string }) {
  return (
    <div id={`${props.id}-help`}>
      {props.wrong && <p className="wrong">{props.wrong}</p>}
      {props.kind.description && <p className="help">{props.kind.description}</p>}
    </div>
  );
}

function placeholder(kind: Property): string {
  return kind.default === undefined ? '' : readable(kind, String(kind.default));
}
