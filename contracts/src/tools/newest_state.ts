/**
 * Proofs hold for the state that they were made on. An honest transaction can therefore lose a race, to a stranger's
 * `payOperator` as well as to another settlement, and is then made again on the newest state (A6).
 */
import { ToolError } from './errors.js';
import type { Progress } from './session.js';

/** Each lost race means that somebody else's transaction got in between, and paid a fee for it. */
const ATTEMPTS = 5;

/** Runs `attempt`, which reads the account anew each time, until it does not lose a race; at most five times. */
export async function onNewestState<T>(
  progress: Progress,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number === ATTEMPTS || !lostRace(error)) throw error;
      progress('the account or the payer moved meanwhile: trying again on the newest state');
    }
  }
}

function lostRace(error: unknown): boolean {
  if (!(error instanceof ToolError)) return false;
  if (error.type === 'refused') return /nonce/i.test(error.message);
  return error.type === 'failed' && /precondition|Overflow|nonce/i.test(error.message);
}
