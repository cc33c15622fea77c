// The way of a call, from its claim to its receipt.
import type { CallView } from '../../../shared/src/views.ts';
import { Away, Badge, type Tone } from './parts.tsx';

const STEPS = ['Taken', 'Started', 'Running', 'Collecting', 'Receipt signed'];
// The step that is under way in each state of a call that is not over.
const NOW: Record<string, number> = { claimed: 1, triggering: 1, running: 2, collecting: 3 };

/** `over` says how the run ended, `unverified` that its receipt does not hold. */
type Over = 'good' | 'bad' | 'unverified';

const MAX_JOBS = 20;
const TONES: Record<string, Tone> = {
  succeeded: 'good',
  failed: 'bad',
  running: 'warn',
};

/** The run's page, where anyone may open it: nobody is sent to a page that asks for a login. */
export function publicRun(view: CallView | undefined): string | undefined {
  return view?.run?.public === true ? view.run.url : undefined;
}

/** How the jobs of a run that goes on stood when the service last looked. */
export function Jobs(props: { progress: CallView['progress'] | undefined }) {
  const listed = props.progress?.jobs;
  const jobs = Array.isArray(listed) ? listed.slice(0, MAX_JOBS) : [];
  if (jobs.length === 0) return null;
  const more = Number(props.progress?.more) || 0;
  return (
    <ul className="jobs" aria-label="Jobs">
      {jobs.map((job, at) => (
        <li key={at}>
          <span className="wrap">{String(job?.name).slice(0, 60)}</span>
          <Badge tone={TONES[String(job?.state)] ?? 'plain'}>
            {String(job?.state).slice(0, 20)}
          </Badge>
        </li>
      ))}
      {more > 0 && <li className="quiet">{more} more</li>}
    </ul>
  );
}

export function Progress(props: { state: string; url: string | undefined; over?: Over }) {
  const now = props.over ? STEPS.length : (NOW[props.state] ?? 0);
  return (
    <ol className="steps" aria-label="Progress">
      {STEPS.map((step, at) => (
        <li
          key={step}
          className={classOf(at, now, props.over)}
          aria-current={at === now ? 'step' : undefined}
        >
          {step}
          {step === 'Running' && props.url && (
            <>
              {' '}
              <Away url={props.url}>pipeline</Away>
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

function classOf(at: number, now: number, over: Over | undefined): string {
  if (over === 'bad' && at === 2) return 'done failed';
  if (over === 'unverified' && at === STEPS.length - 1) return 'done failed';
  if (at < now) return 'done';
  return at === now ? 'now' : '';
}
