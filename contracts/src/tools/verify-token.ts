/**
 * Checks a token's proof, offline. `holds` says that a key with the statement's hash signed a token that says so; `known` that
 * it is one of the keys in the request, whose root is `key_root`.
 */
import '../backend.js';
import { holds } from '../token/document.js';
import { hashOfKey, rootOfKeys } from '../token/issuer_keys.js';
import { run, type OfflineTool } from './run.js';
import { issuerKeys, layout, proofDocument } from './token.js';

export const offlineTool: OfflineTool = async (request, progress) => {
  const document = proofDocument(request.part('proof'));
  progress('verifying');
  const found = {
    holds: await holds(document),
    statement: document.statement,
    facts: document.facts,
  };
  if (!request.has('keys')) return found;
  const kind = layout(request.part('proof'));
  const keys = issuerKeys(request, kind);
  const known = keys.some((key) => `${hashOfKey(kind, key)}` === document.statement.key);
  return { ...found, known, key_root: `${rootOfKeys(kind, keys)}` };
};

if (import.meta.main) await run({ offlineTool });
