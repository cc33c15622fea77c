/** Requests to a node that end: o1js stops its clock at the head of an answer, and waits for the body for ever (L11). */

/** From its start to its body's last byte; o1js's own limit for the head. */
const REQUEST_MS = 300_000;

const plain = globalThis.fetch;

/** Each request of this process from now on, o1js's as well, ends within so many milliseconds. */
export function endRequests(within = REQUEST_MS): void {
  globalThis.fetch = (to, options) => {
    const own = options?.signal ? [options.signal] : [];
    return plain(to, {
      ...options,
      signal: AbortSignal.any([...own, AbortSignal.timeout(within)]),
    });
  };
}
