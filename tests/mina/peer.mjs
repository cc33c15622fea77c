// Answers a list of requests on standard input with a list of replies on standard output, as the mina-signer named says.
import { text } from 'node:stream/consumers';

const { default: Client } = await import(process.argv[2]);
const clients = Object.fromEntries(['devnet', 'mainnet'].map((network) => [network, new Client({ network })]));

const answers = {
  signFields: ({ privateKey, fields }) => clients.mainnet.signFields(fields.map(BigInt), privateKey).signature,
  verifyFields: ({ publicKey, fields, signature }) =>
    clients.devnet.verifyFields({ data: fields.map(BigInt), publicKey, signature }),
  signMessage: ({ privateKey, network, message }) => clients[network].signMessage(message, privateKey).signature,
  verifyMessage: ({ publicKey, network, message, signature }) =>
    clients[network].verifyMessage({ data: message, publicKey, signature }),
};

const requests = JSON.parse(await text(process.stdin));
process.stdout.write(JSON.stringify(requests.map(({ ask, ...rest }) => answers[ask](rest))));
