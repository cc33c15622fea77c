/**
 * Checks a token's proof, offline. `holds` says that a key with the statement's hash signed a token that says so; `known` that
 * it is one of the keys in the request, whose root is `key_root`.
 */
import '../backend.js';
import { holds, type ProofDocument } from '../token/document.js';
import { hashOfKey, rootOfKeys } from '../token/issuer_keys.js';
import { run, type OfflineTool } from './run.js';
import type { Request } from './request.js';
import { issuerKeys, layout } from './token.js';

export const offlineTool: OfflineTool = async (request, progress) => {
  const document = proofDocument(request.part('proof'));
  progress('verifying');
  const found = {
    holds: await holds(document),
    statement: document.statement,
    facts: document.facts,
  };
  if (!request.has('keys')) return found;
  const [kind, keys] = [layout(request.part('proof')), issuerKeys(request)];
  const known = keys.some((key) => `${hashOfKey(kind, key)}` === document.statement.key);
  return { ...found, known, key_root: `${rootOfKeys(kind, keys)}` };
};

function proofDocument(request: Request): ProofDocument {
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

if (import.meta.main) await run({ offlineTool });
