/**
 * The credential document that an offer's opening event may carry: `{"endpoint": URL, "sealed": base64}` as UTF-8
 * bytes. With access None anyone could add such an event later, so readers match its hash with the state (A11).
 */
import { createHash } from 'node:crypto';
import { Field } from 'o1js';
import { H, digestFields } from './fields.js';
import { MAX_EVENT_FIELDS } from './protocol.js';

const CHUNK = 31;

/** Bytes as event fields: their number, then chunks of 31 bytes, each least significant byte first. */
export function bytesToEvent(bytes: Uint8Array): Field[] {
  const fields = [Field(bytes.length)];
  for (let i = 0; i < bytes.length; i += CHUNK) {
    const chunk = bytes.subarray(i, i + CHUNK);
    fields.push(Field(chunk.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)));
  }
  if (fields.length > MAX_EVENT_FIELDS) {
    throw new RangeError(
      `credential is too long: expected at most ${(MAX_EVENT_FIELDS - 1) * CHUNK} bytes, got ${bytes.length}`,
    );
  }
  return fields;
}

/** Throws on anything that `bytesToEvent` would not have written. */
export function eventToBytes(fields: Field[]): Uint8Array {
  const [size, ...chunks] = fields.map((field) => field.toBigInt());
  if (
    size === undefined ||
    size > BigInt(chunks.length * CHUNK) ||
    chunks.length !== Math.ceil(Number(size) / CHUNK)
  ) {
    throw new RangeError(
      `event has wrong size: expected ${size ?? 'a length'} bytes, got ${chunks.length} chunks`,
    );
  }
  const bytes = new Uint8Array(Number(size));
  for (const [i, chunk] of chunks.entries()) {
    let rest = chunk;
    for (let j = i * CHUNK; j < Math.min((i + 1) * CHUNK, bytes.length); j++, rest >>= 8n)
      bytes[j] = Number(rest & 255n);
    if (rest !== 0n) throw new RangeError(`event chunk ${i} does not fit its bytes`);
  }
  return bytes;
}

/** The value of `Offer.credentialHash`. */
export function credentialHash(bytes: Uint8Array): Field {
  return H('sealrun:credential', digestFields(createHash('sha256').update(bytes).digest()));
}
