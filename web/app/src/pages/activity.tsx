// The runs that this browser bought; no service lists them.
import { mina, moment, short } from '../format.ts';
import { placeOf } from '../route.ts';
import { useActivity, type Bought } from '../state/activity.ts';
import { save } from '../ui/files.tsx';
import { utf8 } from '../../../shared/src/bytes.ts';
import { Badge, Card, type Tone } from '../ui/parts.tsx';

const TONES: Record<string, Tone> = {
  succeeded: 'good',
  failed: 'bad',
  canceled: 'bad',
  skipped: 'bad',
  unanswered: 'warn',
};

export function Activity() {
  const runs = useActivity();
  return (
    <>
      <div className="title">
        <h1>Activity</h1>
      </div>
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
                  <Row key={run.call} run={run} />
                ))}
              </tbody>
            </table>
            <p className="quiet small">Kept in this browser only; no service lists them.</p>
            <div>
              <button
                type="button"
                className="button"
                onClick={() => save('sealrun-activity.json', utf8(JSON.stringify(runs, null, 2)))}
              >
                Export
              </button>
            </div>
          </>
        )}
      </Card>
    </>
  );
}

function Row(props: { run: Bought }) {
  const { run } = props;
  const over =
    run.state === 'succeeded'
      ? mina(run.price)
      : TONES[run.state]
        ? '0 MINA'
        : `≤ ${mina(run.price)}`;
  const state = run.state || 'sent';
  return (
    <tr>
      <td>
        <a href={placeOf(run.service, 'calls', run.call)}>{run.title}</a>
        <div className="mono quiet">{short(run.call, 4)}</div>
      </td>
      <td className="wrap quiet">
        {Object.entries(run.inputs)
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
