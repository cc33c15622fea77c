/** The tools by name, each loaded when it is asked for. */
import { ToolError } from './errors.js';
import type { Tool } from './run.js';

const TOOLS: Record<string, () => Promise<{ tool: Tool }>> = {
  close: () => import('./close.js'),
  exit: () => import('./exit.js'),
  offer: () => import('./offer.js'),
  open: () => import('./open.js'),
  'pay-operator': () => import('./pay-operator.js'),
  settle: () => import('./settle.js'),
  topup: () => import('./topup.js'),
  withdraw: () => import('./withdraw.js'),
};

export const NAMES = Object.keys(TOOLS);

export async function findTool(name: string): Promise<Tool> {
  const load = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (load === undefined)
    throw new ToolError('bad-request', `tool: expected one of ${NAMES.join(', ')}`);
  return (await load()).tool;
}
