/** The boards' tools against the local chain, each asked twice. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Field, Signature } from 'o1js';
import '../backend.js';
import { type RunningChain, startChain } from '@sealrun/local-mina/process';
import { listFields, textField } from '../fields.js';
import { findTool } from '../tools/all.js';
import { answer, known } from '../tools/run.js';
import { type Party, party } from './world.js';

const [seller, board, listing, offer, poor] = Array.from({ length: 5 }, party) as [
  Party,
  Party,
  Party,
  Party,
  Party,
];
const url = `https://ci.example/offers/${'7'.padStart(64, '0')}`;
let chain: RunningChain;

before(async () => {
  chain = await startChain(['--no-proofs']);
  await chain.post('/faucet', { address: seller.address.toBase58() });
});
after(() => chain.stop());

async function tool(name: string, request: object, payer = seller): Promise<any> {
  const common = {
    node: chain.url,
    payer_key: payer.key.toBase58(),
    proofs: false,
    poll_ms: 50,
    wait_seconds: 20,
  };
  try {
    return await answer(await findTool(name), JSON.stringify({ ...common, ...request }), () => {});
  } catch (error) {
    return { error: known(error) };
  }
}

function request(): Record<string, unknown> {
  const digest = createHash('sha256').update(url).digest();
  const fields = listFields(
    textField('mina:devnet'),
    board.address,
    offer.address,
    Field(7),
    digest,
  );
  return {
    network: 'mina:devnet',
    board: board.address.toBase58(),
    listing_key: listing.key.toBase58(),
    offer: offer.address.toBase58(),
    offer_hash: '7',
    seller: seller.address.toBase58(),
    url,
    signature: Signature.create(seller.key, fields).toBase58(),
  };
}

test('a board is opened and an offer listed, each once however often it is asked', async () => {
  const unopened = await tool('list', request());
  assert.equal(unopened.error.type, 'account-missing');
  const opened = await tool('board', { board_key: board.key.toBase58() });
  assert.deepEqual(
    [opened.status, opened.board],
    ['included', board.address.toBase58()],
    String(opened.error),
  );
  assert.equal((await tool('board', { board_key: board.key.toBase58() })).status, 'already-open');

  const listed = await tool('list', request());
  assert.deepEqual(
    [listed.status, listed.listing],
    ['included', listing.address.toBase58()],
    String(listed.error),
  );
  assert.equal((await tool('list', request())).status, 'already-listed');
  const other = await tool('list', { ...request(), seller: offer.address.toBase58() });
  assert.equal(other.error.type, 'wrong-account');
});

test('who has too little, or no signature of the seller, sends nothing', async () => {
  await chain.post('/faucet', { address: poor.address.toBase58(), amount: '1000000000' });
  const fresh = { listing_key: party().key.toBase58() };
  assert.equal((await tool('list', { ...request(), ...fresh }, poor)).error.type, 'too-little');
  const forged = { ...request(), ...fresh, seller: offer.address.toBase58() };
  assert.match((await tool('list', forged)).error.message, /not the seller's/);
  for (const name of ['board', 'listing_key', 'offer', 'offer_hash', 'url', 'signature'])
    assert.equal(
      (await tool('list', { ...request(), [name]: 'x' })).error.type,
      'bad-request',
      name,
    );
});
