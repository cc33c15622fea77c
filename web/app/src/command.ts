// The same run as a command line that a shell takes as it stands.
import type { Inputs } from '../../shared/src/inputs.ts';
import type { Offer } from './service/offer.ts';

export function command(service: string, offer: Offer, inputs: Inputs): string {
  const given = Object.entries(inputs).map(
    ([name, value]) => `--input ${quoted(`${name}=${String(value)}`)}`,
  );
  const paying = offer.price > 0n ? ['--pay --account ACCOUNT'] : [];
  const parts = [
    `sealrun call ${quoted(`${service}/offers/${offer.hash}`)}`,
    ...given,
    ...paying,
    '--key my.key',
  ];
  return parts.join(' \\\n  ');
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
