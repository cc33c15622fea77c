// A run that is over: its end as the checks allow it to be said, its claims, profile, log and files.
import { useEffect, useState } from 'react';
import type { Inputs } from '../../../shared/src/inputs.ts';
import { RunAssistant } from '../assistant/run_assistant.tsx';
import { ENDINGS } from '../endings.ts';
import { keptRight } from '../calls_right.ts';
import {
  accountOf,
  getEvidence,
  priceOf,
  signRight,
  type Evidence,
  type Wanted,
} from '../evidence.ts';
import { message, moment, priced, shortened, written } from '../format.ts';
import { shownProfiles } from '../profile.ts';
import type { Call } from '../service/api.ts';
import type { Offer } from '../service/offer.ts';
import { keepReceipt } from '../state/receipts.ts';
import { ClaimList } from './claims.tsx';
import { Files, save } from './files.tsx';
import { FlameGraph } from './flame_graph.tsx';
import { Log } from './log.tsx';
import { Badge, Card, Note } from './parts.tsx';
import { Progress, publicRun } from './progress.tsx';
import { useSigning } from './signing.tsx';

export function ReceiptParts(props: {
  service: string;
  /** The call's hash out of the page's address, not out of an answer. */
  call: string;
  view: Call;
  offer: Offer;
  inputs: Inputs | undefined;
}) {
  const { service, call, view, offer, inputs } = props;
  const wanted: Wanted = { service, call, offer, inputs };
  const [evidence, setEvidence] = useState<Evidence | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let current = true;
    setEvidence(null);
    getEvidence(wanted).then(
      (got) => {
        if (!current) return;
        setEvidence(got);
        if (got.verification.holds) keepReceipt(call, new TextDecoder().decode(got.receipt));
      },
      (error: unknown) => current && setProblem(message(error)),
    );
    return () => {
      current = false;
    };
  }, [service, call]);

  if (problem)
    return (
      <Note
        tone="bad"
        title="The receipt could not be checked, so nothing is said of this run"
        alert
      >
        {problem}
      </Note>
    );
  if (!evidence)
    return (
      <Card title="Checking the receipt" side={<Badge busy>hashing every file</Badge>}>
        <Progress state={view.state} url={publicRun(view)} over="good" />
      </Card>
    );
  return (
    <>
      <Ending evidence={evidence} view={view} offer={offer} wanted={wanted} opened={setEvidence} />
      <ClaimList verification={evidence.verification} />
      <RunAssistant evidence={evidence} offer={offer} />
      <Profiles evidence={evidence} />
      <Log evidence={evidence} />
      <Files evidence={evidence} />
    </>
  );
}

function Ending(props: {
  evidence: Evidence;
  view: Call;
  offer: Offer;
  wanted: Wanted;
  opened: (evidence: Evidence) => void;
}) {
  const { evidence, view, offer } = props;
  const { receipt, holds, claims } = evidence.verification;
  const outcome = receipt?.outcome ?? '';
  const good = holds && outcome === 'succeeded';
  const price = priceOf(evidence.folder, offer);
  const broken = claims.filter(({ verdict }) => verdict === 'broken');
  return (
    <>
      {!holds && (
        <Note tone="bad" title="Do not rely on this run" alert>
          {broken.map(({ name, says }) => (
            <p key={name + says}>{shortened(says)}</p>
          ))}
          <p>Keep the receipt and what you downloaded: together they show what was changed.</p>
        </Note>
      )}
      <Card
        title={holds ? ENDINGS[outcome] : 'Not verified'}
        side={
          <Badge tone={good ? 'good' : holds ? 'warn' : 'bad'}>
            {offer.prices.length === 0
              ? 'free'
              : !price
                ? 'price not known'
                : `${outcome === 'succeeded' ? priced(price) : written(0n, price)} due`}
          </Badge>
        }
      >
        <Progress
          state=""
          url={publicRun(view)}
          over={good ? 'good' : holds ? 'bad' : 'unverified'}
        />
        <p className="quiet wrap">
          {view.reason}
          {receipt && ` · ${moment(receipt.finishedAt)}`}
        </p>
        <div className="row">
          <button
            type="button"
            className="button"
            onClick={() => save('receipt.json', evidence.receipt)}
          >
            Save receipt
          </button>
          <PrivateItems {...props} />
        </div>
      </Card>
    </>
  );
}

/** Items that only the buyer may see, with a right that the wallet signs. */
function PrivateItems(props: {
  evidence: Evidence;
  wanted: Wanted;
  opened: (evidence: Evidence) => void;
}) {
  const { evidence, wanted, opened } = props;
  const signing = useSigning(wanted.offer.network);
  const { opened: leaves } = evidence.verification;
  const all = leaves ? leaves.counts.outputs + leaves.counts.profile : 0;
  const hidden = all - (leaves?.leaves.size ?? 0);
  if (evidence.complete || hidden === 0) return null;
  const look = () =>
    signing.run(async (wallet, show) => {
      const account = accountOf(evidence.folder);
      // A right to all of the account's calls, where the wallet signed one in this tab, opens this one too.
      const right =
        keptRight(wanted.service, account, wallet.address) ??
        (await signRight(wanted, wallet, account, show));
      opened(await getEvidence(wanted, right));
    });
  return (
    <>
      <button type="button" className="button" disabled={signing.busy} onClick={() => void look()}>
        {signing.busy
          ? 'Confirm in your wallet'
          : `Show ${hidden} private ${hidden === 1 ? 'item' : 'items'}`}
      </button>
      {signing.panel}
    </>
  );
}

function Profiles(props: { evidence: Evidence }) {
  const profiles = shownProfiles(props.evidence);
  if (profiles.length === 0) return null;
  return (
    <Card title="Where the time went">
      {profiles.map(({ job, profile }) => (
        <FlameGraph key={job} job={job} profile={profile} />
      ))}
    </Card>
  );
}
