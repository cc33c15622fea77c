/** Mina's text form of hashes: base58check of a version byte, an inner version of 1 and 32 bytes, least significant first. */
import { createHash } from 'node:crypto';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Version bytes of Mina's `Base58_check.Version_bytes`. */
const VERSION = { ledgerHash: 5, receiptChainHash: 12, epochSeed: 13, stateHash: 16 } as const;

export function hashText(kind: keyof typeof VERSION, value: bigint): string {
  const payload = Buffer.concat([Buffer.from([VERSION[kind], 1]), littleEndian(value)]);
  const checksum = sha256(sha256(payload)).subarray(0, 4);
  return base58(Buffer.concat([payload, checksum]));
}

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function base58(bytes: Buffer): string {
  let text = '';
  for (let rest = BigInt('0x' + bytes.toString('hex')); rest > 0n; rest /= 58n)
    text = ALPHABET[Number(rest % 58n)] + text;
  // The payloads here begin with a version above 0: no leading zero bytes to keep.
  return text;
}
