/** The pinned rows and verification keys of the programs of tokens and of their fold: `token_programs.json`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Cache } from 'o1js';
import { circuitCache } from '../backend.js';
import type { PinnedKey } from '../verification_keys.js';
import { FoldProgram } from '../fold/programs.js';
import { keepWrapBasis } from '../wrap_basis.js';
import { HashProgram, TOKEN_PROGRAMS } from './programs.js';

export interface PinnedProgram {
  /** By method: rows, and the digest of its constraints. */
  readonly methods: Readonly<Record<string, { rows: number; digest: string }>>;
  readonly key: PinnedKey;
}

export const PROGRAMS = { hash: HashProgram, ...TOKEN_PROGRAMS, fold: FoldProgram } as const;
export type ProgramName = keyof typeof PROGRAMS;
export type PinnedPrograms = Readonly<Record<ProgramName, PinnedProgram>>;

const FILE = new URL('../../token_programs.json', import.meta.url);

export function pinnedPrograms(): PinnedPrograms {
  return JSON.parse(readFileSync(FILE, 'utf8')) as PinnedPrograms;
}

/** Half a minute on an idle core for each program, without a prover. */
export async function methodsOf(name: ProgramName): Promise<PinnedProgram['methods']> {
  const found = Object.entries(await PROGRAMS[name].analyzeMethods());
  return Object.fromEntries(found.map(([method, { rows, digest }]) => [method, { rows, digest }]));
}

/** The token's programs: minutes and 5 GB. One that has another's proofs baked in is compiled after it. */
export async function compileProgram(name: ProgramName): Promise<PinnedKey> {
  const cache = circuitCache();
  const { verificationKey } = await compileOne(name, { cache });
  await keepWrapBasis(verificationKey.data, cache);
  return { data: verificationKey.data, hash: `${verificationKey.hash}` };
}

async function compileOne(name: ProgramName, options: { cache: Cache }) {
  if (name === 'fold') return await FoldProgram.compile(options);
  const hash = await HashProgram.compile(options);
  if (name === 'hash') return hash;
  await keepWrapBasis(hash.verificationKey.data, options.cache);
  return await TOKEN_PROGRAMS[name].compile({ ...options, withRuntimeTables: true });
}

/** Pins one program, in a process of its own: all in one would take twice the memory. */
export async function pin(name: ProgramName): Promise<PinnedProgram> {
  const pinned = { methods: await methodsOf(name), key: await compileProgram(name) };
  const others = existsSync(FILE) ? pinnedPrograms() : {};
  writeFileSync(FILE, JSON.stringify({ ...others, [name]: pinned }, null, 2) + '\n');
  return pinned;
}
