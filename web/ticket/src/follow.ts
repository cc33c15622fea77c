// Follows a call to its end.
import { ask } from '../../shared/src/service.ts';
import type { CallView } from '../../shared/src/views.ts';

const POLL_MS = 1000;

/** Asks until the call is over, and tells each answer. */
export async function follow(url: string, tell: (call: CallView) => void): Promise<CallView> {
  for (;;) {
    const call = await ask<CallView>(url);
    tell(call);
    if (call.receipt) return call;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
