// Text, digests and JSON as Mina fields, and the one hash that everything signed is made of.
import type { Bytes } from './bytes.ts';
import { hex } from './bytes.ts';
import { Malformed } from './errors.ts';
import { hashWithPrefix, keyFields } from './mina.ts';

export const NETWORKS = ['mina:devnet', 'mina:mainnet'] as const;
export type Network = (typeof NETWORKS)[number];

// What every signed list begins with. Those that move money name their asset, and have tags of their own.
export const VOUCHER = 'sealrun:voucher2';
export const RECEIPT = 'sealrun:receipt';
export const READ = 'sealrun:read';
export const CALLS = 'sealrun:calls';
export const TICKET = 'sealrun:ticket';
export const REDEEM = 'sealrun:redeem';
export const WAKE = 'sealrun:wake';

// Two tags of one list never meet: a tag is at most 20 ASCII characters, as Mina's own prefixes are.
const MAX_TAG_LENGTH = 20;
// A field holds 254 whole bits, so 31 bytes always fit and 32 do not.
const MAX_TEXT_BYTES = 31;

/** The field of 1 to 31 printable ASCII characters: their bytes as one little-endian number. */
export function textField(text: string): bigint {
  if (!/^[ -~]+$/.test(text) || text.length > MAX_TEXT_BYTES)
    throw new Malformed(
      `text: expected 1 to ${MAX_TEXT_BYTES} printable ASCII characters, got another`,
    );
  return [...text].reduceRight(
    (sum, character) => (sum << 8n) + BigInt(character.charCodeAt(0)),
    0n,
  );
}

/** `H(tag, fields)`: Poseidon with a prefix. Each tag is used with one fixed length of list. */
export function taggedHash(tag: string, fields: bigint[]): bigint {
  if (tag.length > MAX_TAG_LENGTH)
    throw new Malformed(`tag: expected at most ${MAX_TAG_LENGTH} characters, got ${tag.length}`);
  textField(tag);
  return hashWithPrefix(tag, fields);
}

/** A SHA-256 digest as two fields: its high 128 bits, then its low 128 bits. */
export function digestFields(digest: Uint8Array): [bigint, bigint] {
  const number = BigInt(`0x${hex(digest)}`);
  return [number >> 128n, number & ((1n << 128n) - 1n)];
}

/** `H(tag, digest(document))` over the bytes as they are. */
export async function documentHash(tag: string, document: Bytes): Promise<bigint> {
  return taggedHash(tag, digestFields(await sha256(document)));
}

export async function sha256(document: Bytes): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', document));
}

/** A list that somebody signs: its tag, the network, a key, and what is said. */
export function signedFields(
  tag: string,
  network: string,
  address: string,
  ...rest: bigint[]
): bigint[] {
  return [textField(tag), textField(network), ...keyFields(address), ...rest];
}

/** A field as its 64 hex digits, as hashes stand in URLs. */
export function fieldHex(field: bigint): string {
  return field.toString(16).padStart(64, '0');
}
