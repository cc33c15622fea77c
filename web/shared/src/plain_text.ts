// One fixed set of characters that names may have, the same for every browser: \p{…} follows the browser's Unicode version.
// layers/sealrun/src/sealrun/encoding/plain_text.py has the same, and says which they are.
const NOT_PLAIN =
  /[\0-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}\u{f0000}-\u{10ffff}]/u;

/** True if every character shows itself and has no effect on the others. */
export function isPlain(text: string): boolean {
  return !NOT_PLAIN.test(text);
}
