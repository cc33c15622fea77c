// CIDv1 of a file as IPFS has it: UnixFS, profile unixfs-v1-2025 of https://specs.ipfs.tech/ipips/ipip-0499/,
// raw chunks of 1 MiB in balanced trees of at most 1,024 links, by SHA-256. The same as sealrun.encoding.cids.
import type { Bytes } from '../bytes.ts';

const CHUNK = 1 << 20;
const MAX_LINKS = 1024;
const RAW = 0x55;
const DAG_PB = 0x70;
const SHA2_256 = [0x12, 32];
// UnixFS's Data.DataType
const FILE = 2;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

interface Link {
  cid: Uint8Array;
  /** The file's bytes under it, and the bytes of all its blocks. */
  fileSize: number;
  totalSize: number;
}

/** The CID of a file's bytes, in base32. */
export async function fileCid(bytes: Bytes): Promise<string> {
  let level: Link[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    level.push({
      cid: await cidOf(RAW, chunk),
      fileSize: chunk.length,
      totalSize: chunk.length,
    });
  }
  while (level.length > 1) {
    const above: Link[] = [];
    for (let at = 0; at < level.length; at += MAX_LINKS)
      above.push(await fileNode(level.slice(at, at + MAX_LINKS)));
    level = above;
  }
  return text((level[0] as Link).cid);
}

/** A dag-pb node: links without names, then the UnixFS data with the size under each link. */
async function fileNode(links: Link[]): Promise<Link> {
  const fileSize = sum(links.map((link) => link.fileSize));
  const sizes = links.flatMap((link) => number(4, link.fileSize));
  const data = [...number(1, FILE), ...number(3, fileSize), ...sizes];
  const written = [...links.flatMap((link) => field(2, linkBytes(link))), ...field(1, data)];
  const block = Uint8Array.from(written);
  const totalSize = block.length + sum(links.map((link) => link.totalSize));
  return { cid: await cidOf(DAG_PB, block), fileSize, totalSize };
}

function linkBytes({ cid, totalSize }: Link): number[] {
  return [...field(1, [...cid]), ...field(2, []), ...number(3, totalSize)];
}

async function cidOf(codec: number, block: Bytes): Promise<Uint8Array> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', block));
  return Uint8Array.from([1, codec, ...SHA2_256, ...digest]);
}

/** A length-delimited protobuf field. */
function field(name: number, value: number[]): number[] {
  return [...varint((name << 3) | 2), ...varint(value.length), ...value];
}

/** A varint protobuf field. */
function number(name: number, value: number): number[] {
  return [...varint(name << 3), ...varint(value)];
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push(rest % 0x80 | 0x80);
  return [...out, rest];
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** Multibase base32, lower case without padding. */
function text(cid: Uint8Array): string {
  let bits = [...cid].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0');
  return `b${(bits.match(/.{5}/g) ?? []).map((five) => BASE32[parseInt(five, 2)]).join('')}`;
}
