/**
 * The CID of one raw block, which is its SHA-256 in other letters: a file of at most 1 MiB has such a CID on IPFS. Outside of
 * circuits; inside, a contract compares the digest. https://github.com/multiformats/cid
 */
import { Field } from 'o1js';
import { digestFields } from './fields.js';
import type { FileDigest } from './mirror.js';

/** CIDv1, raw, SHA-256 of 32 bytes. */
const PREFIX = Uint8Array.from([1, 0x55, 0x12, 32]);
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const DIGITS = 58;

/** The CID of the block with this digest, in base32. */
export function rawCid({ high, low }: FileDigest): string {
  const digest = (high.toBigInt() << 128n) | low.toBigInt();
  const prefix = PREFIX.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  // 36 bytes are 57.6 digits of five bits, so two zero bits stand at the end.
  const bits = ((prefix << 256n) | digest) << 2n;
  const text = Array.from({ length: DIGITS }, (_, i) => {
    return ALPHABET[Number((bits >> BigInt(5 * (DIGITS - 1 - i))) & 31n)];
  });
  return `b${text.join('')}`;
}

/**
 * The digest of the block that this CID names.
 *
 * @throws RangeError it is not the CID of a raw block by SHA-256, version 1 in base32
 */
export function rawDigest(cid: string): FileDigest {
  const refuse = (): never => {
    throw new RangeError(`cid: expected that of a raw block, b and ${DIGITS} digits of base32`);
  };
  if (!/^b[a-z2-7]{58}$/.test(cid)) refuse();
  const bits = [...cid.slice(1)].reduce(
    (sum, digit) => sum * 32n + BigInt(ALPHABET.indexOf(digit)),
    0n,
  );
  const bytes = Buffer.from((bits >> 2n).toString(16).padStart(72, '0'), 'hex');
  const [high, low] = digestFields(bytes.subarray(PREFIX.length)) as [Field, Field];
  if (rawCid({ high, low }) !== cid) refuse();
  return { high, low };
}
