// A form of an offer's open inputs, out of its JSON Schema.
import { filled, ordered, type Inputs, type Property } from '../../shared/src/inputs.ts';
import type { Offer } from '../../shared/src/offer.ts';

type Field = HTMLInputElement | HTMLSelectElement;

export function makeFields(offer: Offer, open: string[]): HTMLElement[] {
  return ordered(offer.inputs, open).map((name) => {
    const property = offer.inputs.properties[name];
    if (!property) throw new Error(`The offer has no input ${name}.`);
    const label = document.createElement('label');
    const field = makeField(property);
    field.name = name;
    if (property.type !== 'boolean') {
      const needed = offer.inputs.required?.includes(name) ?? false;
      field.required = needed && property.default === undefined;
      field.value = String(property.default ?? '');
    } else (field as HTMLInputElement).checked = property.default === true;
    label.append(property.title ?? name, field, property.description ?? '');
    return label;
  });
}

/** What was chosen; what was left empty takes its default, and without one is left out. */
export function readFields(form: HTMLFormElement, offer: Offer, open: string[]): Inputs {
  const inputs: Inputs = {};
  for (const name of open) {
    const field = form.elements.namedItem(name) as Field;
    const type = offer.inputs.properties[name]?.type;
    if (type === 'boolean') inputs[name] = (field as HTMLInputElement).checked;
    else if (field.value !== '')
      inputs[name] = type === 'string' ? field.value : Number(field.value);
  }
  return filled(offer.inputs, inputs, open);
}

function makeField(property: Property): Field {
  if (property.enum) {
    const select = document.createElement('select');
    select.append(...['', ...property.enum].map((choice) => new Option(choice, choice)));
    return select;
  }
  const input = document.createElement('input');
  if (property.type === 'boolean') input.type = 'checkbox';
  else if (property.type === 'string') {
    if (property.pattern) input.pattern = property.pattern;
    if (property.maxLength !== undefined) input.maxLength = property.maxLength;
    if (property.minLength !== undefined) input.minLength = property.minLength;
  } else {
    input.type = 'number';
    input.step = property.type === 'integer' ? '1' : 'any';
    input.min = String(property.minimum);
    input.max = String(property.maximum);
  }
  return input;
}
