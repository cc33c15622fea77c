/** A tool as its users start it: another process, a request on stdin, a result on stdout. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  code: number | null;
  result: any;
  stderr: string;
}

export async function runTool(name: string, input: string): Promise<Outcome> {
  const path = fileURLToPath(new URL(`../tools/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: 'pipe' });
  child.stdin.end(input);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exited,
  ]);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 1, `one line on stdout, got ${stdout}`);
  return { code, result: JSON.parse(lines[0]!), stderr };
}
