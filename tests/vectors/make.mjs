// Writes the vectors that tests/mina compares with: what mina-signer 3.1.0, mina-signer 4.0.0 and o1js 2.15.0 answer
// to fixed inputs. Run from the repository root: node tests/vectors/make.mjs
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import * as o1js from 'o1js';
import Client3 from 'mina-signer-3';
import Client4 from 'mina-signer';
import { Poseidon, PoseidonLegacy } from '../../node_modules/mina-signer/dist/node/bindings/crypto/poseidon.js';
import { poseidonParamsKimchiFp as kimchi, poseidonParamsLegacyFp as legacy } from '../../node_modules/mina-signer/dist/node/bindings/crypto/constants.js';
import { poseidonParamsKimchiFp as kimchiO1js, poseidonParamsLegacyFp as legacyO1js } from '../../node_modules/o1js/dist/node/bindings/crypto/constants.js';
import { HashLegacy, hashWithPrefix } from '../../node_modules/mina-signer/dist/node/mina-signer/src/poseidon-bigint.js';
import { PrivateKey as SignerPrivateKey } from '../../node_modules/mina-signer/dist/node/mina-signer/src/curve-bigint.js';

const P = 0x40000000000000000000000000000000224698fc094cf91b992d30ed00000001n;
const Q = 0x40000000000000000000000000000000224698fc0994a8dd8c46eb2100000001n;
const { Field, PrivateKey, PublicKey, Signature, TokenId, Encoding } = o1js;

// Inputs are derived by counting, so that the same command gives the same file.
const digest = (label) => BigInt('0x' + createHash('sha256').update(label).digest('hex'));
const field = (label) => digest(`field ${label}`) % P;
const scalar = (label) => digest(`scalar ${label}`) % Q;

const fieldLists = [
  [],
  [0n],
  [1n],
  [P - 1n],
  [0n, 0n],
  [0n, 1n, P - 1n],
  [1n, 2n, 3n, 4n, 5n, 6n],
  ...[1, 2, 3, 5, 6, 7, 12, 100].map((length) => Array.from({ length }, (_, i) => field(`${length} ${i}`))),
];
const scalars = [1n, 2n, Q - 1n, P, ...[1, 2, 3, 4, 5].map(scalar)];
const texts = ['', 'a', 'hello world', 'a'.repeat(31), 'a'.repeat(32), 'é\u{1D11E}\u0000\n', 'x'.repeat(1000)];
const strings = (values) => values.map(String);

function save(name, source, value) {
  writeFileSync(`tests/vectors/${name}.json`, JSON.stringify({ source, ...value }, null, 1) + '\n');
}

function version(name) {
  return JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
}

function same(a, b, what) {
  if (JSON.stringify(a) !== JSON.stringify(b)) throw Error(`peers disagree about ${what}`);
  return a;
}

const peers = {
  'mina-signer-3': version('mina-signer-3'),
  'mina-signer': version('mina-signer'),
  o1js: version('o1js'),
};
const signerPeer = [peers['mina-signer'] === '4.0.0', peers['mina-signer-3'] === '3.1.0', peers.o1js === '2.15.0'];
if (!signerPeer.every(Boolean)) throw Error(`expected the pinned peers, got ${JSON.stringify(peers)}`);

// 1. Poseidon: o1js for kimchi, mina-signer 4.0.0 for legacy; the parameter sets agree in both.
same(kimchi, kimchiO1js, 'kimchi constants');
same(legacy, legacyO1js, 'legacy constants');
const prefixes = ['', 'a', 'CodaSignature*******', 'sealrun:call', 'MinaSignatureMainnet', '0123456789012345678901234567890'];
save('poseidon', 'o1js 2.15.0 and mina-signer 4.0.0, which agree', {
  constants: { kimchi, legacy },
  hashes: fieldLists.map((fields) => ({
    fields: strings(fields),
    hash: same(String(o1js.Poseidon.hash(fields.map(Field))), String(Poseidon.hash(fields)), 'Poseidon.hash'),
    legacy: String(PoseidonLegacy.hash(fields)),
  })),
  prefixed: prefixes.map((prefix, i) => {
    const fields = fieldLists[(i * 3) % fieldLists.length];
    return {
      prefix,
      fields: strings(fields),
      hash: same(
        String(o1js.Poseidon.hashWithPrefix(prefix, fields.map(Field))),
        String(hashWithPrefix(prefix, fields)),
        'hashWithPrefix',
      ),
      legacy: String(HashLegacy.hashWithPrefix(prefix, fields)),
    };
  }),
});

// 2. Keys: all three.
const signers = [new Client3({ network: 'devnet' }), new Client4({ network: 'devnet' })];
const keys = scalars.map((value) => {
  const privateKey = same(SignerPrivateKey.toBase58(value), PrivateKey.fromBigInt(value).toBase58(), 'a private key');
  const publicKey = PrivateKey.fromBase58(privateKey).toPublicKey();
  for (const signer of signers) same(signer.derivePublicKey(privateKey), publicKey.toBase58(), 'a public key');
  return { scalar: String(value), privateKey, publicKey: publicKey.toBase58(), fields: strings(publicKey.toFields()) };
});
save('keys', 'o1js 2.15.0, mina-signer 3.1.0 and 4.0.0, which agree', { keys });

// 3. Signatures over fields: all three, byte for byte.
const signed = fieldLists.flatMap((fields, i) => {
  return [keys[i % keys.length], keys[(i + 4) % keys.length]].map(({ privateKey, publicKey }) => {
    const mine = Signature.create(PrivateKey.fromBase58(privateKey), fields.map(Field));
    for (const signer of signers) same(signer.signFields(fields, privateKey).signature, mine.toBase58(), 'signFields');
    const { r, s } = mine.toJSON();
    return { privateKey, publicKey, fields: strings(fields), signature: mine.toBase58(), r, s };
  });
});
save('field_signatures', 'o1js 2.15.0, mina-signer 3.1.0 and 4.0.0, which agree', { signed });

// 4. Signatures over text, per network: both signers.
const messages = texts.flatMap((text, i) =>
  ['devnet', 'mainnet'].map((network) => {
    const { privateKey, publicKey } = keys[i % keys.length];
    const [three, four] = [Client3, Client4].map((Client) => new Client({ network }).signMessage(text, privateKey).signature);
    return { network, privateKey, publicKey, text, r: same(four, three, 'signMessage').field, s: four.scalar };
  }),
);
save('message_signatures', 'mina-signer 3.1.0 and 4.0.0, which agree', { messages });

// 5. Token ids and fields from bytes: o1js.
const token = (x) => ({ id: String(x), text: TokenId.toBase58(x) });
save('tokens', 'o1js 2.15.0', {
  tokens: [0n, 1n, P - 1n, field('token')].map((value) => token(Field(value))),
  derived: keys.flatMap(({ publicKey }) =>
    [1n, 0n, P - 1n, field('parent')].map((parent) => ({
      publicKey,
      parent: String(parent),
      ...token(TokenId.derive(PublicKey.fromBase58(publicKey), Field(parent))),
    })),
  ),
});
const byteStrings = [0, 1, 30, 31, 32, 61, 62, 63, 200].map((length) =>
  Buffer.concat(Array.from({ length: 7 }, (_, i) => createHash('sha256').update(`bytes ${length} ${i}`).digest())).subarray(0, length),
);
save('encodings', 'o1js 2.15.0', {
  encodings: [...byteStrings, Buffer.alloc(31), Buffer.alloc(62, 255)].map((bytes) => ({
    hex: bytes.toString('hex'),
    fields: strings(Encoding.bytesToFields(Uint8Array.from(bytes))),
  })),
});
