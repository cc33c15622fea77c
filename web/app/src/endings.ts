// How a run ended, in words.
import type { Outcome } from '../../shared/src/verification/receipt.ts';

export const ENDINGS: Record<Outcome, string> = {
  '': 'Over',
  succeeded: 'Succeeded',
  failed: 'Failed',
  canceled: 'Cancelled',
  skipped: 'Skipped',
  never_started: 'Never started',
  time_limit: 'Stopped at its time limit',
  source_changed: 'Stopped: the source had changed',
  outputs_refused: 'Failed: its outputs were refused',
  unreachable: 'Lost: the CI did not answer',
  grade_not_reached: 'Not good enough for the offer',
};
