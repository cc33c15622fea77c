// The history of an offer in a sentence.
import type { History } from '../../../shared/src/catalogue.ts';
import { duration } from '../format.ts';

export function historyWords(history: History | null): string {
  if (history === null) return 'No public history.';
  const { runs, good, seconds, lowest, typical, since, until, more, twice } = history;
  const calls = twice === 1 ? '1 call has' : `${twice} calls have`;
  const lied = twice > 0 ? ` ${calls} two different receipts.` : '';
  if (runs === 0) return `No run is on record yet.${lied}`;
  const span = since === null || until === null ? '' : ` ${days(since, until)}`;
  const took = seconds === null ? '' : `, in ${duration(seconds)} as a rule`;
  const grade = typical === null ? '' : `, grade ${typical}`;
  const least = typical !== null && lowest !== typical ? ` (lowest ${lowest})` : '';
  return `${more ? 'At least ' : ''}${runs} ${runs === 1 ? 'run' : 'runs'}${span}: ${good} good${took}${grade}${least}.${lied}`;
}

function days(since: number, until: number): string {
  const [first, last] = [since, until].map((seconds) =>
    new Date(seconds * 1000).toLocaleDateString(undefined, { dateStyle: 'medium' }),
  );
  return first === last ? `on ${first}` : `from ${first} to ${last}`;
}
