// The runs that this browser bought, and those that services list to their buyer.
import { moment, short } from '../format.ts';
import { placeOf } from '../route.ts';
import { useAccounts } from '../state/accounts.ts';
import { costOf, useActivity, type Bought } from '../state/activity.ts';
import { useReceipts } from '../state/receipts.ts';
import { AskRuns } from '../ui/ask_runs.tsx';
import { useWallet } from '../wallet/session.tsx';
import { save } from '../ui/files.tsx';
import { utf8 } from '../../../shared/src/bytes.ts';
import { Badge, Card, type Tone } from '../ui/parts.tsx';

const NETWORK = 'mina:devnet';
const TONES: Record<string, Tone> = {
  succeeded: 'good',
  failed: 'bad',
  canceled: 'bad',
  skipped: 'bad',
  never_started: 'bad',
  expired: 'bad',
  unanswered: 'warn',
};

export function Activity() {
  const runs = useActivity();
  const receipts = useReceipts();
  return (
    <>
      <div className="title">
        <h1>Activity</h1>
      </div>
      <div className="stack">
        <Card title={runs.length === 1 ? '1 run' : `${runs.length} runs`}>
          {runs.length === 0 ? (
            <p className="quiet">Runs that you buy in this browser are listed here.</p>
          ) : (
            <>
              <table className="cards">
                <thead>
                  <tr>
                    <th scope="col">Run</th>
                    <th scope="col">Inputs</th>
                    <th scope="col">State</th>
                    <th scope="col" className="end">
                      Costs
                    </th>
                    <th scope="col" className="end">
                      When
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {runs.map((run) => (
                    <Row key={run.call} run={run} receipt={receipts[run.call]} />
                  ))}
                </tbody>
              </table>
              <p className="quiet small">
                Kept in this browser, with each receipt that it checked and found to hold.
              </p>
              <div>
                <button
                  type="button"
                  className="button"
                  onClick={() =>
                    save('sealrun-activity.json', utf8(JSON.stringify({ runs, receipts }, null, 2)))
                  }
                >
                  Export
                </button>
              </div>
            </>
          )}
        </Card>
        <Elsewhere runs={runs} />
      </div>
    </>
  );
}

/** Each account and service that this browser knows, and the wallet's own key for free runs. */
function Elsewhere(props: { runs: Bought[] }) {
  const accounts = useAccounts();
  const { wallet } = useWallet();
  const services = [...new Set([...accounts, ...props.runs].map(({ service }) => service))];
  const pairs = [
    ...accounts.map(({ service, address, document }) => ({
      service,
      account: address,
      network: document?.network ?? NETWORK,
    })),
    ...services.flatMap((service) =>
      wallet ? [{ service, account: wallet.address, network: wallet.network ?? NETWORK }] : [],
    ),
  ];
  if (pairs.length === 0) return null;
  return (
    <Card title="Runs that this browser does not know">
      <p className="quiet">
        A service lists all runs of an account to its buyer. One signature is good for most of an
        hour and opens the private items of each run, too.
      </p>
      {pairs.map((pair) => (
        <AskRuns
          key={`${pair.service} ${pair.account}`}
          {...pair}
          label={
            pair.account === wallet?.address
              ? `Free runs at ${new URL(pair.service).host}`
              : `Account ${short(pair.account, 4)} at ${new URL(pair.service).host}`
          }
        />
      ))}
    </Card>
  );
}

function Row(props: { run: Bought; receipt: string | undefined }) {
  const { run, receipt } = props;
  const over =
    run.state === 'succeeded'
      ? costOf(run)
      : TONES[run.state]
        ? costOf(run, '0')
        : `≤ ${costOf(run)}`;
  const state = run.state || 'sent';
  return (
    <tr>
      <td>
        <a href={placeOf(run.service, 'calls', run.call)}>{run.title}</a>
        <div className="mono quiet">{short(run.call, 4)}</div>
        {receipt !== undefined && (
          <button
            type="button"
            className="link small"
            onClick={() => save(`receipt-${run.call.slice(0, 12)}.json`, utf8(receipt))}
          >
            Save receipt
          </button>
        )}
      </td>
      <td className="wrap quiet">
        {Object.entries(run.inputs ?? {})
          .map(([name, value]) => `${name} ${String(value)}`)
          .join(', ')}
      </td>
      <td>
        <Badge tone={TONES[run.state] ?? 'plain'} busy={!TONES[run.state]}>
          {state}
        </Badge>
      </td>
      <td className="end">{run.price === '0' ? 'free' : over}</td>
      <td className="end">{moment(run.at)}</td>
    </tr>
  );
}
