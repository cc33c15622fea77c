// An input that names another offer, which the job then calls: the offer's address without `https://`, with `+` before
// a port, so that it means nothing to a shell or to YAML. `service.example+8443/offers/OFFER`. Hosts of other scripts
// (`xn--`) are for the command: browsers take names that IDNA 2008, and so a service, does not.
import { Malformed } from './errors.ts';

/** An offer by its hash, and the service that sells it. */
export interface NamedOffer {
  /** The URL of the service. */
  service: string;
  /** 64 hex digits. */
  offer: string;
  url: string;
}

const HERE = ['127.0.0.1', 'localhost'];
const LABEL = '(?!xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const FORM = new RegExp(
  `^(${LABEL}(?:\\.${LABEL})*)(?:\\+([1-9][0-9]{0,4}))?((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/offers/([0-9a-f]{64})$`,
);
const LONGEST = 256;

/** Reads an input's value. Throws Malformed where it is none; whether there is such an offer is not checked. */
export function readNamedOffer(value: string): NamedOffer {
  const match = FORM.exec(value);
  const host = match?.[1] ?? '';
  const address = `${HERE.includes(host) ? 'http' : 'https'}://${host}${match?.[2] ? `:${match[2]}` : ''}`;
  if (!match || value.length > LONGEST || originOf(address) !== address)
    throw new Malformed(
      'offer: expected HOST/offers/OFFER, with +PORT behind the host where it has one, got something else',
    );
  const service = address + (match[3] ?? '');
  const offer = match[4] ?? '';
  return { service, offer, url: `${service}/offers/${offer}` };
}

/** The value that names the offer at this URL; any other text stays as it is, and is refused where it is read. */
export function writtenOffer(text: string): string {
  const match = /^https?:\/\/([^/]+)(\/.*)$/.exec(text.trim());
  return match
    ? `${match[1]?.toLowerCase().replace(':', '+') ?? ''}${match[2] ?? ''}`
    : text.trim();
}

/** The one spelling of an origin; empty where the text has none. */
function originOf(text: string): string {
  try {
    return new URL(text).origin;
  } catch {
    return '';
  }
}
