// Answers about a run that is over, from its receipt, claims and log, by the words of the question. Nothing is guessed:
// an answer repeats what was checked, or says that it is not here.
import { ENDINGS } from '../endings.ts';
import { priceOf, type Evidence } from '../evidence.ts';
import { priced, shortened, written } from '../format.ts';
import { shownLogs, type JobLog } from '../log_text.ts';
import type { Offer } from '../service/offer.ts';
import { CLAIM_TITLES, CLAIM_WORDS } from './claim_words.ts';

const MAX_LINES = 8;
const MAX_LINE = 300;
// An error is rarely further from the end, and a long log stays quick to read.
const LOOKED_AT = 2000;
const TROUBLE =
  /\b(?:error|errors|failed|failure|fatal|exception|traceback|panic|denied|refused|undefined|cannot|can't|no such|not found|segmentation fault|killed|out of memory|timed out)\b/i;
// A last line of a CI's own, which says that something failed and not what.
const FINAL = /^(?:ERROR: Job failed|Cleaning up|Uploading artifacts|##\[error\]Process completed)/;

const MEANING = /\b(?:means?|meaning|explain|what (?:is|are))\b/i;

const TOPICS: [RegExp, (run: Run) => string][] = [
  [/\b(?:why|fail|fails|failed|failure|error|errors|wrong|broke|log|happened)\b/i, ending],
  [/\b(?:costs?|price|pay|paid|money|due|free|mina)\b/i, cost],
  [/\b(?:jobs?|steps?|stages?)\b/i, jobs],
  [/\b(?:claims?|verified|check|checked|trust|prove|proof|proves|receipt|hold|holds)\b/i, claims],
];

export interface Run {
  evidence: Evidence;
  offer: Offer;
}

/** The answer to a question about this run. */
export function explain(run: Run, question: string): string {
  const named = MEANING.test(question) ? titleIn(question) : undefined;
  const topic = TOPICS.find(([words]) => words.test(question))?.[1];
  if (named) return oneClaim(run, named);
  if (topic) return topic(run);
  return 'Ask why it ended as it did, which claims hold, what one of them means, how the jobs went, or what is due.';
}

/** The claim whose title stands in the question; of several the longest, since titles hold words such as "run". */
function titleIn(question: string): string | undefined {
  const said = question.toLowerCase();
  const found = Object.entries(CLAIM_TITLES).filter(([, title]) =>
    said.includes(title.toLowerCase()),
  );
  return found.sort((a, b) => b[1].length - a[1].length)[0]?.[0];
}

/** What a model gets to read: the end, the claims, the jobs, and the end of each log. */
export function material({ evidence, offer }: Run): object {
  const { receipt, holds, claims: all, jobs: ran } = evidence.verification;
  return {
    title: offer.title,
    prices: offer.prices.map(priced),
    outcome: receipt?.outcome ?? 'no receipt',
    verified: holds,
    claims: all.map(({ name, verdict, says }) => ({
      claim: CLAIM_TITLES[name] ?? name,
      verdict,
      says: says.slice(0, MAX_LINE),
      means: CLAIM_WORDS[name],
    })),
    jobs: ran.slice(0, 50).map(({ name, result, mayFail }) => ({ name, result, mayFail })),
    logs: shownLogs(evidence)
      .slice(0, 10)
      .map(({ job, text }) => ({ job, end_of_log: text.slice(-6000) })),
  };
}

function ending(run: Run): string {
  const { receipt, holds, jobs: ran } = run.evidence.verification;
  if (!holds || !receipt) return claims(run);
  const failed = ran.filter(({ result }) => result === 'failed').map(({ name }) => name);
  const logs = shownLogs(run.evidence);
  const told = [`${ENDINGS[receipt.outcome]}.`];
  if (failed.length > 0) told.push(`Jobs that failed: ${failed.slice(0, 10).join(', ')}.`);
  if (receipt.outcome === 'succeeded') return `${told.join(' ')} No job that must succeed failed.`;
  if (logs.length === 0)
    return `${told.join(' ')} No log is here: the offer keeps it from everyone but the buyer, who opens private items above.`;
  const wanted = logs.filter(({ job }) => failed.includes(job));
  const lines = (wanted.length > 0 ? wanted : logs).slice(0, 3).map(troubled);
  return [told.join(' '), ...lines].join('\n\n');
}

/** The last lines of a log that speak of trouble, or else its last lines. */
function troubled({ job, text }: JobLog): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim().slice(0, MAX_LINE))
    .filter((line) => line !== '' && !FINAL.test(line))
    .slice(-LOOKED_AT);
  const found = lines.filter((line) => TROUBLE.test(line)).slice(-MAX_LINES);
  const shown = found.length > 0 ? found : lines.slice(-MAX_LINES);
  const what = found.length > 0 ? 'lines that speak of trouble' : 'last lines';
  return `${job}, ${what}:\n${shown.join('\n')}`;
}

function claims({ evidence }: Run): string {
  const { claims: all } = evidence.verification;
  const say = (verdict: string) =>
    all
      .filter((one) => one.verdict === verdict)
      .map(({ name, says }) => `${CLAIM_TITLES[name] ?? name}: ${shortened(says)}`);
  const broken = say('broken');
  if (broken.length > 0)
    return `Do not rely on this run. ${broken.length} of ${all.length} claims are broken:\n${broken.join('\n')}`;
  const open = say('not shown');
  const held = `${all.length - open.length} of ${all.length} claims hold.`;
  return open.length === 0 ? held : `${held} These cannot be told from here:\n${open.join('\n')}`;
}

function oneClaim({ evidence }: Run, name: string): string {
  const title = CLAIM_TITLES[name] ?? name;
  const means = CLAIM_WORDS[name] ?? '';
  const here = evidence.verification.claims.find((claim) => claim.name === name);
  if (!here) return `${title}: ${means} This receipt was not checked for it.`;
  const verdict = here.verdict === 'not shown' ? 'cannot be told from here' : here.verdict;
  return `${title}: ${means} Here it ${verdict === 'broken' ? 'is broken' : verdict}: ${shortened(here.says)}.`;
}

function jobs({ evidence }: Run): string {
  const { jobs: ran } = evidence.verification;
  if (ran.length === 0) return 'The run’s document names no jobs.';
  const lines = ran
    .slice(0, 30)
    .map(({ name, result, mayFail }) => `${name}: ${result}${mayFail ? ', and may fail' : ''}`);
  const more = ran.length > lines.length ? `\nand ${ran.length - lines.length} more` : '';
  return `As the operator read them at the CI:\n${lines.join('\n')}${more}`;
}

function cost({ evidence, offer }: Run): string {
  const outcome = evidence.verification.receipt?.outcome ?? '';
  if (offer.prices.length === 0) return 'This run is free, however it ends.';
  const price = priceOf(evidence.folder, offer);
  if (!price) return 'The call names no price of this offer that is known here.';
  if (outcome !== 'succeeded')
    return `${written(0n, price)}. The run costs ${priced(price)}, and only if it succeeds.`;
  return `${priced(price)} are due to the seller, since the run succeeded.`;
}
