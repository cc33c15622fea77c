// What a buyer signs to read: a call's private parts, or an account's figures. Only the named service takes it.
import { utf8 } from './bytes.ts';
import { documentHash, READ, signedFields } from './fields.ts';

export const ACCOUNT = 'sealrun:account';

/** A service as a field: the hash of its origin, in the one spelling that browsers give it. */
export async function serviceField(url: string): Promise<bigint> {
  const { origin, protocol, hostname, port } = new URL(url);
  const bare = hostname.endsWith('.')
    ? `${protocol}//${hostname.slice(0, -1)}${port && `:${port}`}`
    : origin;
  return documentHash('sealrun:service', utf8(bare));
}

/** The seven fields of a right to read a call until `expires`, in Unix seconds, at most an hour ahead. */
export async function callRight(
  service: string,
  network: string,
  account: string,
  call: bigint,
  expires: number,
): Promise<bigint[]> {
  return signedFields(READ, network, account, call, BigInt(expires), await serviceField(service));
}

/**
 * The six fields of a right over an account, by its tag: `ACCOUNT` reads its figures, `CALLS` lists its calls and reads
 * the private parts of each of them.
 */
export async function accountRight(
  tag: string,
  service: string,
  network: string,
  account: string,
  expires: number,
): Promise<bigint[]> {
  return signedFields(tag, network, account, BigInt(expires), await serviceField(service));
}
