// The way of a call, from its claim to its receipt.
import { Away } from './parts.tsx';

const STEPS = ['Taken', 'Started', 'Running', 'Collecting', 'Receipt signed'];
// The step that is under way in each state of a call that is not over.
const NOW: Record<string, number> = { claimed: 1, triggering: 1, running: 2, collecting: 3 };

/** `over` says how the run ended, `unverified` that its receipt does not hold. */
type Over = 'good' | 'bad' | 'unverified';

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
