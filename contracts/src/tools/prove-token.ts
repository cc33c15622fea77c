/**
 * Proves what a CI token says, without showing it. Minutes; 6.3 GB. Runs in the CI job itself, so that the token never
 * leaves the CI, or wherever the token is. With a `folder` an interrupted run goes on where it stopped.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { keyOf } from '../token/issuer_keys.js';
import { type Progress } from '../token/proving.js';
import { placesOf, takeApart } from '../token/witness.js';
import { ToolError, type ErrorType } from './errors.js';
import { run, type OfflineTool } from './run.js';
import { issuerKeys, layout } from './token.js';

const STEP = fileURLToPath(new URL('./token_step.js', import.meta.url));

export const offlineTool: OfflineTool = async (request, progress) => {
  const [kind, token] = [layout(request), request.text('token')];
  const keys = issuerKeys(request, kind);
  // Everything that the last step will need, before minutes are spent on the first.
  placesOf(kind, takeApart(kind, token));
  const key = keyOf(kind, keys, token);
  const given = request.has('folder');
  const folder = given ? request.text('folder') : mkdtempSync(join(tmpdir(), 'token-proof-'));
  const input = JSON.stringify({
    issuer: kind.name,
    keys: [key],
    token,
    folder,
  });
  try {
    await step('hash', input, progress);
    return await step('token', input, progress);
  } finally {
    if (!given) rmSync(folder, { recursive: true, force: true });
  }
};

/** The token goes by stdin: others can see arguments and the environment. */
async function step(name: string, input: string, progress: Progress): Promise<object> {
  const child = spawn(process.execPath, [STEP, name], { stdio: 'pipe' });
  child.stdin.on('error', () => undefined); // the exit says more
  child.stdin.end(input);
  createInterface({ input: child.stderr }).on('line', (line) => forward(line, progress));
  const [answer, [code, signal]] = await Promise.all([
    text(child.stdout),
    new Promise<[number | null, string | null]>((resolve) =>
      child.once('close', (...ended) => resolve(ended)),
    ),
  ]);
  const value = parsed(answer);
  if (value === undefined)
    throw new ToolError(
      'fault',
      `${name}: expected a result, got none (status ${code ?? signal}); it needs 6.3 GB`,
    );
  const error = value['error'] as { type: ErrorType; detail: string } | undefined;
  if (error !== undefined) throw new ToolError(error.type, error.detail);
  return value;
}

function forward(line: string, progress: Progress): void {
  const told = parsed(line)?.['progress'];
  if (typeof told === 'string') progress(told);
  else console.error(line);
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

if (import.meta.main) await run({ offlineTool });
