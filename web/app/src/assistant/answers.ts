// Answers about an offer from the offer itself, by the words of the question.
import { priced } from '../format.ts';
import { notPinned } from '../../../shared/src/verification/run.ts';
import type { Offer } from '../service/offer.ts';

const TOPICS: [RegExp, (offer: Offer) => string][] = [
  [/\b(?:costs?|price|pay|paid|money|free|fee|mina)\b/i, price],
  [/\b(?:public|private|sees?|secret|visible|show)\b/i, visible],
  [/\b(?:commit|repository|source|pinned|runs?|pipeline)\b/i, source],
  [/\b(?:prove|proof|proves|receipt|grade|trust)\b/i, proof],
];

/** What the offer says about the question; undefined where it is none, or about something else. */
export function answer(offer: Offer, text: string): string | undefined {
  if (!/\?|^\s*(?:what|who|how|why|where|when|which|does|do|is|are|can|explain|tell)\b/i.test(text))
    return undefined;
  const topic = TOPICS.find(([words]) => words.test(text));
  return topic?.[1](offer);
}

function price({ prices }: Offer): string {
  const [first] = prices;
  if (!first) return 'This run is free, however it ends.';
  const share = ` The operator's share of ${first.terms.operator_share / 100} % is the seller's to pay.`;
  return `${prices.map(priced).join(' or ')} if the run succeeds. A run that fails, is cancelled or is stopped at its time limit costs nothing, and there is no network fee.${share}`;
}

function visible({ evidence }: Offer): string {
  const inputs =
    evidence.inputs === 'public' ? 'Everyone sees your inputs' : 'Only you see your inputs';
  const files = shown(evidence.outputs, 'output files');
  const log = shown(evidence.log, 'the log');
  return `${inputs}. ${files} ${log} The seller and the CI see everything.`;
}

function shown(patterns: string[], of: string): string {
  if (patterns.length === 0) return `Only you see ${of}.`;
  if (patterns.includes('*')) return `Everyone sees ${of}.`;
  return `Of ${of}, everyone sees what is like ${patterns.join(', ')}.`;
}

function source({ source: { origin, project, ref, commit, configuration } }: Offer): string {
  return `${configuration.path} of project ${project} at ${origin}, ${ref}, commit ${commit}. Not pinned: ${notPinned(configuration.includes).join(', ')}.`;
}

function proof({ evidence }: Offer): string {
  return evidence.grade === 0
    ? 'The receipt proves what the oracle’s key said, not what ran: that is the operator’s word. This page checks its signature, and every file against it.'
    : 'The CI’s own signed job token says which pipeline ran, not that these bytes came from it. This page checks the signature and every file; sealrun verify checks the token too.';
}
