// What an offer says of its inputs beside their kinds: their order and their defaults.
import type { Offer } from './service.js';
import type { Inputs } from './ticket.js';

/** Names in the order that the offer gives its inputs; those that it does not name come last. */
export function ordered(offer: Offer, names: string[]): string[] {
  const order = offer.inputs['x-order'] ?? [];
  const known = order.filter((name) => names.includes(name));
  return [...known, ...names.filter((name) => !order.includes(name))];
}

/** The inputs with the default of each open one that was left out, before anything is hashed or signed. */
export function filled(offer: Offer, chosen: Inputs, open: string[]): Inputs {
  const inputs = { ...chosen };
  for (const name of open) {
    const otherwise = offer.inputs.properties[name]?.default;
    if (otherwise !== undefined) inputs[name] ??= otherwise;
  }
  return inputs;
}
