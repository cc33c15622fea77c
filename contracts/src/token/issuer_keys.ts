/** An issuer's JSON Web Keys: which one signed a token, and the hashes by which proofs name them. */
import { createPublicKey, verify as rsaVerify } from 'node:crypto';
import { Field } from 'o1js';
import type { Layout } from './layouts.js';
import { Number2048 } from './rsa.js';
import { keyHash, keyRoot } from './statement.js';
import { whole } from './witness.js';

/** RFC 7517, the members that matter here. */
export interface IssuerKey {
  readonly kty: 'RSA';
  readonly kid: string;
  readonly n: string;
  readonly e: string;
  /** GitHub's headers name the certificate as well. */
  readonly x5t?: string;
}

/** A number of exactly 2048 bits has 342 characters. */
const MODULUS = /^[A-Za-z0-9_-]{342}$/;
const EXPONENT = 'AQAB';

/**
 * @throws RangeError if it is no RSA key of 2048 bits with the exponent 65537.
 */
export function readKey(value: unknown): IssuerKey {
  const { kty, kid, n, e, x5t } = (value ?? {}) as Record<string, unknown>;
  const text = (member: unknown, form: RegExp): member is string =>
    typeof member === 'string' && form.test(member);
  const printable = /^[!#-[\]-~]{1,200}$/;
  if (
    kty !== 'RSA' ||
    e !== EXPONENT ||
    !text(n, MODULUS) ||
    whole(n) >> 2047n !== 1n ||
    !text(kid, printable)
  )
    throw new RangeError('key: expected an RSA key of 2048 bits with the exponent 65537 and a kid');
  return { kty, kid, n, e, ...(text(x5t, printable) ? { x5t } : {}) };
}

/** Those of an issuer's keys whose tokens can be proved; others, such as longer ones, are left out, as in Python. */
export function usableKeys(layout: Layout, values: readonly unknown[]): IssuerKey[] {
  return values.flatMap((value) => {
    try {
      const key = readKey(value);
      hashOfKey(layout, key);
      return [key];
    } catch {
      return [];
    }
  });
}

/**
 * The characters that this key's tokens begin with.
 *
 * @throws RangeError if it lacks what the header names.
 */
export function headerOf(layout: Layout, { kid, x5t }: IssuerKey): string {
  if (layout.name === 'github' && x5t === undefined)
    throw new RangeError('key: expected the x5t that a header names, got none');
  const named =
    layout.name === 'github'
      ? { typ: 'JWT', alg: 'RS256', x5t, kid }
      : { kid, typ: 'JWT', alg: 'RS256' };
  return Buffer.from(JSON.stringify(named)).toString('base64url');
}

export function hashOfKey(layout: Layout, key: IssuerKey): Field {
  const header = [...Buffer.from(headerOf(layout, key))].map((byte) => Field(byte));
  return keyHash(Number2048.from(whole(key.n)).fields, header);
}

/** The root over those of an issuer's keys that can be proved with. */
export function rootOfKeys(layout: Layout, keys: readonly IssuerKey[]): Field {
  return keyRoot(keys.map((key) => hashOfKey(layout, key)));
}

/**
 * The key that signed this token, so that nobody proves for minutes what cannot be proved.
 *
 * @throws RangeError if no key has the token's header, or the signature does not hold.
 */
export function keyOf(layout: Layout, keys: readonly IssuerKey[], token: string): IssuerKey {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const key = keys.find((one) => headerOf(layout, one) === header);
  if (key === undefined)
    throw new RangeError(`token: expected the header of one of ${keys.length} keys, got another`);
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: key.n, e: key.e }, format: 'jwk' });
  const holds = rsaVerify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  if (!holds) throw new RangeError("token: expected the key's signature, got another");
  return key;
}
