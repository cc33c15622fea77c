// In place of Node's crypto, which mina-signer's modules import for random field elements.

export function randomBytes(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}
