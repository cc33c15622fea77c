// The runs that an account paid for, as this browser knows them and as the service lists them.
import { moment, short } from '../format.ts';
import { placeOf } from '../route.ts';
import { costOf, useActivity } from '../state/activity.ts';
import { AskRuns } from './ask_runs.tsx';
import { Card } from './parts.tsx';

const SHOWN = 5;

export function AccountRuns(props: { service: string; network: string; account: string }) {
  const runs = useActivity().filter(({ account }) => account === props.account);
  return (
    <Card title={runs.length === 1 ? '1 run' : `${runs.length} runs`}>
      {runs.length > 0 && (
        <table className="cards">
          <tbody>
            {runs.slice(0, SHOWN).map((run) => (
              <tr key={run.call}>
                <td>
                  <a href={placeOf(run.service, 'calls', run.call)}>{run.title}</a>{' '}
                  <span className="mono quiet">{short(run.call, 4)}</span>
                </td>
                <td>{run.state || 'sent'}</td>
                <td className="end">{costOf(run)}</td>
                <td className="end">{moment(run.at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {runs.length > SHOWN && (
        <a className="small" href="#/activity">
          All runs
        </a>
      )}
      <AskRuns {...props} label="List all runs, signed" />
    </Card>
  );
}
