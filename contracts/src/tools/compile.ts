/**
 * Compiles a contract, so that a prover's next proof starts at once: a client that knows what will be proved asks early. By
 * itself it fills the folder of compiled circuits.
 */
import { CONTRACTS, type ContractName } from '../verification_keys.js';
import { ToolError } from './errors.js';
import { run, type OfflineTool } from './run.js';
import { compiled } from './session.js';

export const offlineTool: OfflineTool = async (request, progress) => {
  const name = request.text('contract');
  if (!isContract(name))
    throw new ToolError(
      'bad-request',
      `contract: expected one of ${Object.keys(CONTRACTS).join(', ')}`,
    );
  progress(`compiling ${name}`);
  await compiled(name);
  return { compiled: name };
};

function isContract(name: string): name is ContractName {
  return Object.hasOwn(CONTRACTS, name);
}

if (import.meta.main) await run({ offlineTool });
