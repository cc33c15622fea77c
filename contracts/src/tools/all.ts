/** The tools by name, each loaded when it is asked for. */
import { ToolError } from './errors.js';
import type { AnyTool, OfflineTool, Tool } from './run.js';

const TOOLS: Record<string, () => Promise<{ tool: Tool } | { offlineTool: OfflineTool }>> = {
  board: () => import('./board.js'),
  close: () => import('./close.js'),
  compile: () => import('./compile.js'),
  'credits-buy': () => import('./credits-buy.js'),
  'credits-give': () => import('./credits-give.js'),
  'credits-issue': () => import('./credits-issue.js'),
  'credits-mint': () => import('./credits-mint.js'),
  'credits-redeem': () => import('./credits-redeem.js'),
  'credits-reprice': () => import('./credits-reprice.js'),
  'credits-sell': () => import('./credits-sell.js'),
  'credits-take-back': () => import('./credits-take-back.js'),
  exit: () => import('./exit.js'),
  fold: () => import('./fold.js'),
  list: () => import('./list.js'),
  offer: () => import('./offer.js'),
  open: () => import('./open.js'),
  pay: () => import('./pay.js'),
  'pay-operator': () => import('./pay-operator.js'),
  'prove-token': () => import('./prove-token.js'),
  receive: () => import('./receive.js'),
  settle: () => import('./settle.js'),
  'settle-proved': () => import('./settle-proved.js'),
  topup: () => import('./topup.js'),
  'verify-token': () => import('./verify-token.js'),
  withdraw: () => import('./withdraw.js'),
};

export const NAMES = Object.keys(TOOLS);

export async function findTool(name: string): Promise<AnyTool> {
  const load = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (load === undefined)
    throw new ToolError('bad-request', `tool: expected one of ${NAMES.join(', ')}`);
  const found = await load();
  return 'tool' in found ? found.tool : found;
}
