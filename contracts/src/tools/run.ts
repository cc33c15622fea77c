/**
 * A tool reads one JSON request on stdin and prints one JSON result on stdout. Progress goes to stderr as JSON
 * lines; whatever libraries print goes there too. Keys come on stdin only: arguments and environment are visible
 * to other processes.
 */
import { text } from 'node:stream/consumers';
import { ToolError } from './errors.js';
import { Request } from './request.js';
import { Session, type Progress } from './session.js';

export type Tool = (request: Request, session: Session, progress: Progress) => Promise<object>;
/** A tool that asks no node. */
export type OfflineTool = (request: Request, progress: Progress) => Promise<object>;
export type AnyTool = Tool | { offlineTool: OfflineTool };

export async function run(tool: AnyTool): Promise<void> {
  console.log = console.warn = console.info = console.error;
  const progress: Progress = (line) =>
    process.stderr.write(JSON.stringify({ progress: line }) + '\n');
  try {
    print(await answer(tool, await text(process.stdin), progress));
  } catch (error) {
    print({ error: known(error) });
    process.exitCode = 1;
  }
  // The native prover's threads would keep the process alive.
  process.exit();
}

export async function answer(tool: AnyTool, text: string, progress: Progress): Promise<object> {
  const request = Request.parse(text);
  if ('offlineTool' in tool) return await tool.offlineTool(request, progress);
  return await tool(request, await Session.open(request, progress), progress);
}

export function known(error: unknown): ToolError {
  if (error instanceof ToolError) return error;
  if (error instanceof RangeError) return new ToolError('bad-request', error.message);
  console.error(error);
  return new ToolError('fault', error instanceof Error ? error.message.split('\n')[0]! : 'unknown');
}

function print(value: object): void {
  process.stdout.write(JSON.stringify(value) + '\n');
}
