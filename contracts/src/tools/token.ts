/** What the token's tools read from their requests. */
import { type IssuerKey, readKey } from '../token/issuer_keys.js';
import { LAYOUTS, type Layout } from '../token/layouts.js';
import type { Request } from './request.js';

/** Issuers have two to four; a set with more than 16 has no root. */
const MAX_KEYS = 16;

export function layout(request: Request, name = 'issuer'): Layout {
  const text = request.text(name);
  if (text !== 'gitlab' && text !== 'github') request.refuse(name, 'gitlab or github');
  return LAYOUTS[text];
}

/** Those keys of a JSON Web Key Set that proofs can be made for. */
export function issuerKeys(request: Request): IssuerKey[] {
  const keys = request.list('keys', MAX_KEYS).flatMap((value) => {
    try {
      return [readKey(value)];
    } catch {
      return [];
    }
  });
  if (keys.length === 0) request.refuse('keys', 'at least one RSA key of 2048 bits');
  return keys;
}
