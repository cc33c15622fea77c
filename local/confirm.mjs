// Checks a receipt with mina-signer alone: node local/confirm.mjs RECEIPT.json
// Exit status 0 if the key in the receipt signed its eleven fields, 1 if not, 2 if the file cannot be read.
import { readFileSync } from 'node:fs';
import Client from 'mina-signer';

const HASHES = ['call_hash', 'offer_hash', 'source_hash', 'inputs_hash', 'outputs_hash', 'profile_hash'];

// Text as a field: its ASCII bytes as one little-endian number.
const textField = (text) => BigInt('0x' + Buffer.from(text, 'ascii').reverse().toString('hex'));

function confirms({ data, signature, publicKey }) {
  const fields = [
    textField('sealrun:receipt'),
    textField(data.network),
    ...HASHES.map((name) => BigInt(data[name])),
    BigInt(data.status),
    BigInt(data.grade),
    BigInt(data.finished_at),
  ];
  return new Client({ network: 'devnet' }).verifyFields({ data: fields, signature, publicKey });
}

try {
  const holds = confirms(JSON.parse(readFileSync(process.argv[2], 'utf8')));
  console.log(holds ? 'mina-signer: the signature holds' : 'mina-signer: the signature does NOT hold');
  process.exitCode = holds ? 0 : 1;
} catch (error) {
  console.error(`confirm: expected a receipt {data, signature, publicKey} in a file, ${error.message}`);
  process.exitCode = 2;
}
