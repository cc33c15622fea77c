// The bare numbers that a wallet shows, each with its meaning, beside the wallet's own window.
import type { Numeral } from '../wallet/sign.ts';
import { Note } from './parts.tsx';

const DIGITS = 8;
// As many digits as an amount has; hashes and keys are told apart by their ends.
const MAX_WHOLE = 12;

export function Numerals(props: { numerals: Numeral[] }) {
  const { numerals } = props;
  return (
    <Note tone="warn" title="Compare with your wallet">
      <p className="small">It shows {numerals.length} bare numbers. They mean:</p>
      <ol className="numerals small">
        {numerals.map(({ means, value }) => (
          <li key={means}>
            <span>{means}</span>
            <span className="mono" title={String(value)}>
              {String(value).length > MAX_WHOLE
                ? `…${String(value).slice(-DIGITS)}`
                : String(value)}
            </span>
          </li>
        ))}
      </ol>
    </Note>
  );
}
