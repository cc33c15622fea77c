// The two evidence trees: their leaves are those that the receipt signs, and each opening is that of its leaf. Step 4.
import { hex, utf8 } from '../bytes.ts';
import { digestFields, fieldHex, taggedHash } from '../fields.ts';
import { canonical, type Json, type JsonObject } from '../json.ts';
import { P } from '../mina.ts';
import { isPlain } from '../plain_text.ts';
import * as read from '../read.ts';
import {
  ARITHMETIC,
  Broken,
  NotShown,
  require,
  requireEqual,
  type Claims,
  type Folder,
} from './claims.ts';
import { canonicalObject, document } from './documents.ts';
import { globs } from './globs.ts';
import type { Receipt } from './receipt.ts';

export const KINDS = [
  '',
  'output',
  'run',
  'log',
  'line',
  'profile',
  'stacks',
  'probe',
  'token',
  'claims',
];
export const TREES = ['outputs', 'profile'] as const;
export type TreeName = (typeof TREES)[number];

const DEPTH = 12;
const PROFILE = 'unixfs-v1-2025';
const MAX_INDEX = 8 << 20;
const MAX_LABEL = 512;
const MAX_LINE = 4096;
// Characters of names and lines, each beside each character of the offer's patterns for them: a few seconds.
const MAX_PAIRS = 2 ** 30;
const DIGEST = /^[0-9a-f]{64}$/;
// What is always shown: how the call went, and what of a CI token concerns no person.
const ALWAYS = ['run', 'claims', 'stacks'];

export interface Leaf {
  index: number;
  kind: string;
  label: string;
  sha256: string;
  size: number;
  salt: string;
}

interface Entry {
  kind: string;
  hash: bigint;
  twin: string;
  leaf: Leaf | null;
  cid: string;
  text: string | null;
}

export interface Opened {
  /** By place in the folder: `outputs/…` or `profile/…`. */
  leaves: Map<string, Leaf>;
  texts: Map<string, string>;
  cids: Map<string, string>;
  counts: Record<TreeName, number>;
  /** Places that anyone may see. */
  shown: Set<string>;
}

export async function checkTrees(
  claims: Claims,
  receipt: Receipt,
  folder: Folder,
  policy: JsonObject | undefined,
): Promise<Opened> {
  const opened: Opened = {
    leaves: new Map(),
    texts: new Map(),
    cids: new Map(),
    counts: { outputs: 0, profile: 0 },
    shown: new Set(),
  };
  const index: { trees?: Record<TreeName, Entry[]> } = {};
  const good = await claims.check('index', ARITHMETIC, () => {
    index.trees = readIndex(receipt, document(folder, 'index.json'));
    for (const name of TREES) opened.counts[name] = index.trees[name].length;
    const shown = TREES.flatMap((name) => index.trees?.[name] ?? []).filter(
      ({ leaf }) => leaf,
    ).length;
    return `${opened.counts.outputs} outputs and ${opened.counts.profile} parts of the profile, ${shown} of them shown`;
  });
  if (!good || !index.trees) return opened;
  const { trees } = index;
  await claims.check('openings', ARITHMETIC, async () => {
    await openIndex(trees, opened);
    const documents = folder.get('openings.json');
    if (documents) await openAll(receipt, trees, documents, opened);
    return documents ? 'openings.json opens every leaf' : 'each opening is that of its leaf';
  });
  await claims.check('policy', ARITHMETIC, () => {
    // Step 4.7
    if (!policy) throw new NotShown('it takes offer.json');
    const pairs = pairsOf(trees, policy);
    if (pairs > MAX_PAIRS)
      throw new NotShown(
        `names, lines and patterns: expected at most ${MAX_PAIRS} characters beside each other to compare, got ${pairs}`,
      );
    for (const name of TREES) for (const entry of trees[name]) checkNamed(entry, policy);
    return 'the index shows only what the offer names';
  });
  return opened;
}

function readIndex(receipt: Receipt, bytes: Uint8Array): Record<TreeName, Entry[]> {
  // Step 4.1
  const value = canonicalObject(bytes, 'index', MAX_INDEX);
  read.only(value, ['sealrun', 'call', 'cid_profile', ...TREES], 'index');
  read.whole(value, 'sealrun', 1, 1);
  requireEqual("the index's call", fieldHex(receipt.hashes.call_hash), value['call']);
  requireEqual("the index's CID profile", PROFILE, value['cid_profile']);
  const trees = { outputs: entries(value, 'outputs'), profile: entries(value, 'profile') };
  // Step 4.2
  for (const name of TREES) {
    const hashes = trees[name].map(({ hash }) => hash);
    const got = taggedHash(`sealrun:${name}`, [root(hashes), BigInt(hashes.length)]);
    requireEqual(`${name} hash`, receipt.hashes[`${name}_hash`], got);
  }
  return trees;
}

/** The root of a tree of fixed depth; leaves that are missing are 0. */
function root(leaves: bigint[]): bigint {
  let row = leaves.length > 0 ? leaves : [0n];
  let hollow = 0n;
  for (let level = 0; level < DEPTH; level += 1) {
    const above: bigint[] = [];
    for (let at = 0; at < row.length; at += 2)
      above.push(node(row[at] ?? hollow, row[at + 1] ?? hollow));
    row = above;
    hollow = node(hollow, hollow);
  }
  return row[0] ?? 0n;
}

function node(left: bigint, right: bigint): bigint {
  return taggedHash('sealrun:node', [left, right]);
}

function entries(value: JsonObject, tree: TreeName): Entry[] {
  return list(value, tree).map((item) => {
    const members = read.only(item, ['kind', 'hash', 'twin'], 'leaf', ['opening', 'cid', 'text']);
    const leaf = 'opening' in members ? parseLeaf(members['opening'], tree) : null;
    const kind = kindOf(members, tree);
    const text = members['text'];
    if (!leaf && ('cid' in members || 'text' in members))
      throw new Broken('leaf: expected a hidden one without cid and text, got some');
    // A text stands for its file, so it must be one that has no file.
    if (
      text !== undefined &&
      (kind !== 'line' || typeof text !== 'string' || [...text].length > MAX_LINE)
    )
      throw new Broken('text: expected one of a line only, got another');
    return {
      kind,
      hash: read.decimal(members, 'hash', P - 1n),
      twin: read.text(members, 'twin', DIGEST, '64 lower-case hex digits'),
      leaf,
      cid:
        'cid' in members ? read.text(members, 'cid', /^b[a-z2-7]{58}$/, 'a CIDv1 in base32') : '',
      text: typeof text === 'string' ? text : null,
    };
  });
}

function list(value: JsonObject, tree: TreeName): Json[] {
  const leaves = value[tree];
  if (!Array.isArray(leaves) || leaves.length > 2 ** DEPTH)
    throw new Broken(
      `${tree}: expected a list of at most ${2 ** DEPTH} leaves, got something else`,
    );
  return leaves;
}

/** The outputs are outputs, and nothing else is. */
function kindOf(members: JsonObject, tree: TreeName): string {
  const kind = read.oneOf(members, 'kind', KINDS.slice(1));
  if ((kind === 'output') !== (tree === 'outputs'))
    throw new Broken(`${tree}: expected leaves of its own kinds, got one of kind ${kind}`);
  return kind;
}

function parseLeaf(value: unknown, tree: TreeName): Leaf {
  const members = read.only(value, ['index', 'kind', 'label', 'sha256', 'size', 'salt'], 'leaf');
  return {
    index: read.whole(members, 'index', 0, 2 ** DEPTH - 1),
    kind: kindOf(members, tree),
    label: label(members['label']),
    sha256: read.text(members, 'sha256', DIGEST, '64 lower-case hex digits'),
    size: read.whole(members, 'size', 0, Number.MAX_SAFE_INTEGER),
    salt: read.text(members, 'salt', /^[0-9a-f]{62}$/, '62 lower-case hex digits'),
  };
}

/** A relative path of printable names, none of them `.` or `..`. */
function label(value: unknown): string {
  const good =
    typeof value === 'string' &&
    utf8(value).length <= MAX_LABEL &&
    isPlain(value) &&
    !/\\|^[A-Za-z]:/.test(value) &&
    value.split('/').every((part) => !['', '.', '..'].includes(part));
  if (!good) throw new Broken('label: expected a path inside the evidence folder, got another');
  return value;
}

async function openIndex(trees: Record<TreeName, Entry[]>, opened: Opened): Promise<void> {
  // Step 4.3
  for (const name of TREES)
    for (const [at, entry] of trees[name].entries())
      if (entry.leaf) {
        await checkLeaf(entry, entry.leaf, at);
        const place = add(opened, name, entry.leaf);
        opened.shown.add(place);
        if (entry.text !== null) opened.texts.set(place, entry.text);
        if (entry.cid) opened.cids.set(place, entry.cid);
      }
}

async function openAll(
  receipt: Receipt,
  trees: Record<TreeName, Entry[]>,
  bytes: Uint8Array,
  opened: Opened,
): Promise<void> {
  // Step 4.4
  const value = canonicalObject(bytes, 'openings', MAX_INDEX);
  read.only(value, ['sealrun', 'call', ...TREES], 'openings');
  read.whole(value, 'sealrun', 1, 1);
  requireEqual("the openings' call", fieldHex(receipt.hashes.call_hash), value['call']);
  for (const name of TREES) {
    const leaves = list(value, name).map((leaf) => parseLeaf(leaf, name));
    requireEqual(`the openings' ${name}`, trees[name].length, leaves.length);
    for (const [at, leaf] of leaves.entries()) {
      const entry = trees[name][at] as Entry;
      // What the index opens as well was hashed there.
      if (!entry.leaf || canonical({ ...entry.leaf }) !== canonical({ ...leaf }))
        await checkLeaf(entry, leaf, at);
      add(opened, name, leaf);
    }
  }
}

async function checkLeaf(entry: Entry, leaf: Leaf, at: number): Promise<void> {
  requireEqual("a leaf's place", at, leaf.index);
  requireEqual(`${leaf.label}: kind`, entry.kind, leaf.kind);
  requireEqual(`${leaf.label}: leaf`, entry.hash, await leafHash(leaf));
  requireEqual(`${leaf.label}: SHA-256 twin`, entry.twin, await twinOf(leaf));
}

function add(opened: Opened, tree: TreeName, leaf: Leaf): string {
  // Step 4.6
  const place = `${tree}/${leaf.label}`;
  const before = opened.leaves.get(place);
  require(!before ||
    canonical({ ...before }) ===
      canonical({ ...leaf }), `${tree}: expected every label once, got ${leaf.label} twice`);
  opened.leaves.set(place, leaf);
  return place;
}

async function leafHash(leaf: Leaf): Promise<bigint> {
  const named = taggedHash('sealrun:label', digestFields(await sha256(utf8(leaf.label))));
  const digest = Uint8Array.from(leaf.sha256.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  return taggedHash('sealrun:leaf', [
    BigInt(leaf.index),
    BigInt(KINDS.indexOf(leaf.kind)),
    named,
    ...digestFields(digest),
    BigInt(`0x${leaf.salt}`),
  ]);
}

async function twinOf(leaf: Leaf): Promise<string> {
  const text = utf8(canonical({ ...leaf }));
  const prefixed = new Uint8Array(text.length + 1);
  prefixed.set(text, 1);
  return hex(await sha256(prefixed));
}

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** What it takes to match what is shown, at most; known before anything is matched. */
function pairsOf(trees: Record<TreeName, Entry[]>, policy: JsonObject): number {
  const characters = (texts: string[]) => texts.reduce((sum, text) => sum + [...text].length, 0);
  const names = characters(trees.outputs.flatMap(({ leaf }) => leaf?.label ?? []));
  const lines = characters(trees.profile.flatMap(({ text }) => text ?? []));
  return (
    names * characters(patternsOf(policy, 'outputs')) +
    lines * characters(patternsOf(policy, 'log'))
  );
}

function patternsOf(policy: JsonObject, name: string): string[] {
  return (policy[name] as string[] | undefined) ?? [];
}

function checkNamed({ kind, leaf, text }: Entry, policy: JsonObject): void {
  if (!leaf || ALWAYS.includes(kind)) return;
  const last = leaf.label.split('/').at(-1) ?? '';
  const patterns = (name: string) => patternsOf(policy, name);
  const named: Record<string, () => boolean> = {
    output: () => globs(patterns('outputs'))(leaf.label),
    line: () => text !== null && globs(patterns('log'))(text),
    log: () => patterns('log').includes('*'),
    profile: () => patterns('symbols').includes('*') && last !== 'probes.json',
    probe: () => patterns('probes').includes(last),
    // Not before it has expired, and then by a disclosure.
    token: () => false,
  };
  require(named[kind]?.() ??
    false, `policy: expected ${leaf.label} (${kind}) kept back, got it shown`);
}
