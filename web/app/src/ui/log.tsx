// Jobs' logs, or the lines of them that the offer shows.
import type { Evidence } from '../evidence.ts';
import { shownLogs } from '../log_text.ts';
import { Card, Code } from './parts.tsx';

export function Log(props: { evidence: Evidence }) {
  const logs = shownLogs(props.evidence);
  if (logs.length === 0) return null;
  return (
    <Card title="Log">
      {logs.map(({ job, text, shown }) =>
        shown === undefined ? (
          <Code key={job} text={text} label={`Log of ${job}`} />
        ) : (
          <div key={job} className="stack">
            <p className="quiet small">
              {job}: the {shown === 1 ? 'line' : `${shown} lines`} that the offer shows to everyone
            </p>
            <Code text={text} label={`Lines of ${job}`} />
          </div>
        ),
      )}
    </Card>
  );
}
