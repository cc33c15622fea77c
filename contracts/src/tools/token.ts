/** What the token's tools read from their requests. */
import type { ProofDocument } from '../token/document.js';
import { type IssuerKey, usableKeys } from '../token/issuer_keys.js';
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
export function issuerKeys(request: Request, kind: Layout): IssuerKey[] {
  const keys = usableKeys(kind, request.list('keys', MAX_KEYS));
  if (keys.length === 0) request.refuse('keys', 'at least one RSA key of 2048 bits');
  return keys;
}

export function proofDocument(request: Request): ProofDocument {
  request.whole('sealrun', 1, 1);
  const { name, facts } = layout(request);
  const [statement, values] = [request.part('statement'), request.part('facts')];
  return {
    sealrun: 1,
    issuer: name,
    statement: {
      key: `${statement.field('key')}`,
      audience: statement.text('audience'),
      facts: `${statement.field('facts')}`,
      iat: statement.whole('iat', 0, 9_999_999_999),
    },
    facts: Object.fromEntries(facts.map((fact) => [fact.name, values.text(fact.name)])),
    proof: request.text('proof'),
  };
}
