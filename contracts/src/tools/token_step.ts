/**
 * One of the programs that `prove-token` starts, each in a process of its own, so that its memory is free for the next:
 * node build/tools/token_step.js hash|token
 */
import '../backend.js';
import { keyOf } from '../token/issuer_keys.js';
import { proveHash, proveToken } from '../token/proving.js';
import { takeApart } from '../token/witness.js';
import { run, type OfflineTool } from './run.js';
import { issuerKeys, layout } from './token.js';

const step = process.argv[2];

const offlineTool: OfflineTool = async (request, progress) => {
  const [kind, token, folder] = [layout(request), request.text('token'), request.text('folder')];
  const parts = takeApart(kind, token);
  if (step !== 'hash')
    return await proveToken(
      kind,
      parts,
      keyOf(kind, issuerKeys(request, kind), token),
      folder,
      progress,
    );
  await proveHash(parts, folder, progress);
  return {};
};

await run({ offlineTool });
