// Mina's hash and signatures, as mina-signer makes them.
import Client from 'mina-signer';
// mina-signer hands out neither its Poseidon nor a key's coordinates; these are the ones that it signs with.
import { PublicKey } from '../../../node_modules/mina-signer/dist/node/mina-signer/src/curve-bigint.js';
import { hashWithPrefix } from '../../../node_modules/mina-signer/dist/node/mina-signer/src/poseidon-bigint.js';

// Signatures over fields carry no network of their own; sealrun's lists name it.
const client = new Client({ network: 'devnet' });

/** Text as a field: its ASCII bytes as one little-endian number. */
export function textField(text: string): bigint {
  return [...text].reduceRight(
    (sum, character) => (sum << 8n) + BigInt(character.charCodeAt(0)),
    0n,
  );
}

/** `H(tag, digest(document))` over the bytes as they are. */
export async function documentHash(
  tag: string,
  document: Uint8Array<ArrayBuffer>,
): Promise<bigint> {
  const digest = BigInt(
    '0x' + hex(new Uint8Array(await crypto.subtle.digest('SHA-256', document))),
  );
  return taggedHash(tag, [digest >> 128n, digest & ((1n << 128n) - 1n)]);
}

/** `H(tag, fields)`: Poseidon with a prefix. */
export function taggedHash(tag: string, fields: bigint[]): bigint {
  return hashWithPrefix(tag, fields);
}

/** A public key's two fields. */
export function keyFields(address: string): [bigint, bigint] {
  const { x, isOdd } = PublicKey.fromBase58(address);
  return [x, isOdd ? 1n : 0n];
}

/** The public key of a private one. */
export function addressOf(secret: string): string {
  return client.derivePublicKey(secret);
}

export function sign(fields: bigint[], secret: string): string {
  return client.signFields(fields, secret).signature;
}

export function holds(fields: bigint[], signature: string, publicKey: string): boolean {
  return client.verifyFields({ data: fields, signature, publicKey });
}

/** Canonical JSON (RFC 8785): JavaScript's own numbers and strings, names in order of their code units. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(',')}}`;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A field as its 64 hex digits, as hashes stand in URLs. */
export function fieldHex(field: bigint): string {
  return field.toString(16).padStart(64, '0');
}
