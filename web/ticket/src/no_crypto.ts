// In place of Node's crypto: mina-signer's sources import it for random field elements, which no signature needs.
export function randomBytes(): never {
  throw new Error('randomBytes: expected not to be called in a browser');
}
