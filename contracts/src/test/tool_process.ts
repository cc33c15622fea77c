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

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../tools/${name}.js`, import.meta.url));

/** Starts a tool, and kills it with all that it started as soon as its progress says so; what it said until then. */
export async function killTool(name: string, input: string, when: RegExp): Promise<string> {
  const child = spawn(process.execPath, [pathOf(name)], { stdio: 'pipe', detached: true });
  child.stdin.end(input);
  let said = '';
  for await (const part of child.stderr.setEncoding('utf8')) {
    said += part;
    // The leader of a group of its own: the programs that it started have no other parent.
    if (when.test(said)) process.kill(-child.pid!, 'SIGKILL');
  }
  return said;
}

export async function runTool(name: string, input: string): Promise<Outcome> {
  const child = spawn(process.execPath, [pathOf(name)], { stdio: 'pipe' });
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
