// The one API token, and the only place and offer that it may be used for.
import { utf8 } from '../../../web/shared/src/bytes.ts';
import { SealrunError, Unavailable } from '../../../web/shared/src/errors.ts';
import { parseObject } from '../../../web/shared/src/json.ts';
import type { Source } from '../../../web/shared/src/offer.ts';
import * as read from '../../../web/shared/src/read.ts';

const TOKEN = /^[!-~]{1,512}$/;

/** The token, if the secret was made for this offer and its source. No message repeats the token. */
export function openCredential(secret: string, offer: string, source: Source): string {
  const value = parsed(secret);
  const wanted = { origin: source.origin, project: source.project, offer };
  for (const [name, expected] of Object.entries(wanted))
    if (value[name as keyof typeof wanted] !== expected)
      throw new Unavailable(
        `credential: expected one for ${name} ${expected}, got one for ${value[name as keyof typeof wanted]}`,
      );
  return value.token;
}

function parsed(secret: string): { token: string; origin: string; project: string; offer: string } {
  try {
    const names = ['token', 'origin', 'project', 'offer'] as const;
    const value = read.only(parseObject(utf8(secret)), names, 'credential');
    const text = (name: string): string => read.text(value, name, TOKEN, 'printable ASCII');
    return {
      token: text('token'),
      origin: text('origin'),
      project: text('project'),
      offer: text('offer'),
    };
  } catch (error) {
    if (!(error instanceof SealrunError)) throw error;
    throw new Unavailable(
      'credential: expected {token, origin, project, offer}, got something else',
    );
  }
}
