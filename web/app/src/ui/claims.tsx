// What the receipt says, claim by claim, as this browser checked it.
import type { ReactNode } from 'react';
import type { Claim, Verdict } from '../../../shared/src/verification/claims.ts';
import type { Verification } from '../../../shared/src/verification/verify.ts';
import { CLAIM_TITLES } from '../assistant/claim_words.ts';
import { shortened } from '../format.ts';
import { Card, Note } from './parts.tsx';
import { GRADES } from './offer_parts.tsx';

const CLASSES: Record<Verdict, string> = {
  holds: 'holds',
  broken: 'broken',
  'not shown': 'unknown',
};
const PATHS: Record<Verdict, string> = {
  holds: 'M5.5 10.5 8.7 13.6 14.5 7',
  broken: 'M6.5 6.5l7 7m0-7-7 7',
  'not shown': 'M6 10h8',
};

export function ClaimList(props: { verification: Verification }) {
  const { claims, receipt } = props.verification;
  const by = (ours: boolean) =>
    claims.filter(({ restsOn }) => (restsOn === "the operator's word") !== ours);
  const unknown = claims.filter(({ verdict }) => verdict === 'not shown').length;
  const counted = `${claims.filter(({ verdict }) => verdict === 'holds').length} of ${claims.length} hold`;
  return (
    <Card
      title="Receipt"
      side={
        <span className="badge plain">
          grade 0 checked here{receipt && receipt.grade > 0 && `, ${receipt.grade} claimed`}
        </span>
      }
    >
      <p className="quiet">
        {GRADES[0]} {counted}
        {unknown > 0 && `, ${unknown} cannot be told from here`}. The service was not asked to judge
        itself.
      </p>
      <h3>By arithmetic and signatures, in this browser</h3>
      <List claims={by(true)} />
      <h3>By the oracle’s word</h3>
      <List claims={by(false)} />
      <Note>
        <span className="small">
          Checked here: steps 1 to 5 and 7 of verification. Not checked here: CI tokens and with
          them grade 1, in-toto statements, parts made of other items, and receipts that this run
          read. <code>sealrun verify</code> checks all of it, offline.
        </span>
      </Note>
    </Card>
  );
}

/** Commands stand in backticks. */
function withCode(text: string): ReactNode[] {
  return text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));
}

function List(props: { claims: Claim[] }) {
  return (
    <ul className="claims">
      {props.claims.map(({ name, verdict, says }, at) => (
        <li key={at} className={CLASSES[verdict]}>
          <svg viewBox="0 0 20 20" role="img" aria-label={verdict}>
            <circle cx="10" cy="10" r="9" fill="currentColor" fillOpacity="0.14" />
            <path
              d={PATHS[verdict]}
              fill="none"
              stroke="currentColor"
              strokeWidth="1.8"
              strokeLinecap="round"
            />
          </svg>
          <strong>{CLAIM_TITLES[name] ?? name}</strong>
          <span title={says}>{withCode(shortened(says))}</span>
        </li>
      ))}
    </ul>
  );
}
