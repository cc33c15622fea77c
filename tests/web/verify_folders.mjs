// Verifies evidence folders as the page does: [[FOLDER, ORACLE], ...] on standard input, verdicts as JSON on standard output.
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { checkInputs } from '../../web/shared/src/inputs.ts';
import { verify } from '../../web/shared/src/verification/verify.ts';

const matches = (pattern, value) => new RegExp(pattern, 'u').test(value);
const answers = [];
for (const [folder, oracle] of JSON.parse(await text(process.stdin))) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1));
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]));
  answers.push(await verified(files, oracle));
}
process.stdout.write(JSON.stringify(answers));

async function verified(files, oracle) {
  const receipt = files.get('receipt.json');
  const hash = (name) => {
    try {
      return BigInt(JSON.parse(new TextDecoder().decode(receipt)).data[name]).toString(16).padStart(64, '0');
    } catch {
      return '';
    }
  };
  const { claims, holds } = await verify(receipt, files, {
    offer: hash('offer_hash'),
    call: hash('call_hash'),
    oracle,
    checkInputs: (inputs) => {
      const offer = files.get('offer.json');
      if (offer) checkInputs(JSON.parse(new TextDecoder().decode(offer)).inputs, inputs, matches);
    },
  });
  return { holds, claims };
}
