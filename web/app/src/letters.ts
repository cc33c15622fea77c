// A request that is dropped as a letter, where the seller runs no server, and its answer: a file that a later tick writes.
import { hex, type Bytes } from '../../shared/src/bytes.ts';
import { sha256 } from '../../shared/src/fields.ts';
import {
  LETTER_SECONDS,
  MAX_ANSWER_BYTES,
  readAnswer,
  type Answer,
  type PostBox,
} from '../../shared/src/letters.ts';
import { fetched, ServiceError } from './service/api.ts';

export interface Post {
  box: PostBox;
  /** What its answer lies below. */
  service: string;
  /** As `sealrun.calls.letters` names it. */
  name: string;
  /** The request's body. */
  letter: Bytes;
}

const POLL_MS = 5000;
const DROP_MS = 60_000;
const MAX_REPLY = 1 << 16;
// A bucket says so of a file that is not there; S3 the second to those who may not list it.
const NOT_YET = [404, 403];

/** Put it into the box, in place of one that lies there under its name. */
export async function drop({ box, letter }: Post): Promise<void> {
  const form = new FormData();
  for (const [name, value] of Object.entries(box.fields)) form.append(name, value);
  const type = box.fields['Content-Type'] ?? 'application/json';
  // S3 reads no field that comes after the file.
  form.append('file', new Blob([letter], { type }), 'letter');
  const signal = AbortSignal.timeout(DROP_MS);
  try {
    await fetched(box.url, MAX_REPLY, { method: 'POST', body: form, signal });
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status === 0) throw error;
    throw new Error(
      'The seller’s bucket does not take the request: this ticket’s box may be over. Ask its issuer for another.',
    );
  }
}

/**
 * What a service would have answered, once a tick has taken the letter.
 *
 * Another letter of the same name may have come in its place: where its call was taken, this is its answer; where it was
 * refused, this letter is dropped once more. Throws where no tick took it for a day after `at`, in milliseconds, or
 * where the page was left.
 */
export async function answered(
  post: Post,
  at: number,
  left: AbortSignal,
): Promise<{ answer: Answer; own: boolean }> {
  const own = hex(await sha256(post.letter));
  let seen = await found(post);
  if (seen?.letter === own) return { answer: seen, own: true };
  while (Date.now() < at + LETTER_SECONDS * 1000) {
    await pause(left);
    const answer = await found(post).catch(() => undefined);
    if (!answer || same(answer, seen)) continue;
    if (answer.letter === own) return { answer, own: true };
    if (answer.status === 202) return { answer, own: false };
    seen = answer;
    await drop(post);
  }
  throw new Error('No tick of the seller’s took the request for a day.');
}

/** The answer that a tick has written, if there is one. */
export async function found({
  service,
  name,
}: Pick<Post, 'service' | 'name'>): Promise<Answer | undefined> {
  try {
    return readAnswer(await fetched(`${service}/answers/${name}`, MAX_ANSWER_BYTES));
  } catch (error) {
    if (error instanceof ServiceError && NOT_YET.includes(error.status)) return undefined;
    throw error;
  }
}

function same(one: Answer, other: Answer | undefined): boolean {
  return one.letter === other?.letter && one.status === other.status;
}

/** Rejects at once where the page was left. */
function pause(left: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    left.throwIfAborted();
    const timer = setTimeout(resolve, POLL_MS);
    left.addEventListener('abort', () => (clearTimeout(timer), reject(left.reason)), {
      once: true,
    });
  });
}
