import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { startChain } from '@sealrun/local-mina/process';
import { Mina } from 'o1js';
import '../backend.js';
import { ToolError } from '../tools/errors.js';
import { Request } from '../tools/request.js';
import { endRequests } from '../tools/requests.js';
import { Session } from '../tools/session.js';
import { runTool } from './tool_process.js';
import { MINA, party } from './world.js';

/** Opens a session with a node that answers everything so. */
async function open(answer: string): Promise<void> {
  const server = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const node = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const request = { node, payer_key: party().key.toBase58() };
  try {
    await Session.open(Request.parse(JSON.stringify(request)), () => undefined);
  } finally {
    server.close();
  }
}

describe('the network that transactions are signed for', () => {
  for (const network of ['mainnet', 'devnet']) {
    test(`is the node's: ${network}`, async () => {
      await open(`{"data":{"networkID":"mina:${network}"}}`);
      assert.equal(Mina.getNetworkId(), network);
    });
  }

  for (const [answer, says] of [
    [
      '{"data":{"networkID":"mina:other"}}',
      /expected one of mina:devnet, mina:mainnet, got mina:other/,
    ],
    ['{"data":{"networkID":"toString"}}', /got toString/],
    ['{"errors":[]}', /got undefined/],
    ['null', /expected its networkID, got/],
    ['<html>', /expected its networkID, got/],
  ] as const) {
    test(`is not guessed: ${answer}`, async () => {
      await assert.rejects(open(answer), (error: ToolError) => {
        assert.match(error.message, says);
        return error.type === 'node-unavailable';
      });
    });
  }

  test('needs a node that answers', async () => {
    const node = 'http://127.0.0.1:9/graphql';
    const request = Request.parse(JSON.stringify({ node, payer_key: party().key.toBase58() }));
    await assert.rejects(
      Session.open(request, () => undefined),
      ToolError,
    );
  });
});

test('L11: a node that drips its answer does not hold a tool', async () => {
  const drips: NodeJS.Timeout[] = [];
  const server = createServer(async (request, response) => {
    if ((await text(request)).includes('networkID'))
      return void response.end('{"data":{"networkID":"mina:devnet"}}');
    response.writeHead(200).write('{');
    drips.push(setInterval(() => response.write(' '), 20));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const node = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  const request = { node, payer_key: party().key.toBase58() };
  const session = await Session.open(Request.parse(JSON.stringify(request)), () => undefined);
  endRequests(300);
  try {
    await assert.rejects(session.findAccount(party().address), /timeout/);
  } finally {
    endRequests();
    drips.forEach(clearInterval);
    server.close();
    server.closeAllConnections();
  }
});

/** As a Mina node says that a transaction waits in its pool already; its words differ by version. */
const DUPLICATE = `{"errors":[{"message":"Couldn't send zkApp command: [\\"Duplicate\\"]","path":["sendZkapp"]}],"data":null}`;

/**
 * What `pay` says, whose node answers so each time that it is asked about blocks, then as a chain does; how often it was.
 * With `lost` the node takes the transaction, and the connection breaks before it says so.
 */
async function paid(
  answers: ((hash: string) => [number, string])[],
  lost = false,
): Promise<[any, number]> {
  const chain = await startChain(['--no-proofs']);
  const [payer, payee] = [party(), party()];
  let [asked, hash, sent] = [0, '', 0];
  const node = createServer(async (request, response) => {
    const body = await text(request);
    const headers = { 'content-type': 'application/json' };
    const fault = body.includes('transactions') ? answers[asked++] : undefined;
    if (fault) {
      const [status, answer] = fault(hash);
      return void response.writeHead(status, headers).end(answer);
    }
    const sends = lost && body.includes('sendZkapp');
    if (sends && sent++ > 0) return void response.writeHead(200, headers).end(DUPLICATE);
    const answer = await fetch(chain.url, { method: 'POST', headers, body });
    if (sends) return void request.socket.destroy();
    const said = await answer.text();
    hash ||= /5J[1-9A-HJ-NP-Za-km-z]{40,}/.exec(said)?.[0] ?? '';
    response.writeHead(answer.status, headers).end(said);
  }).listen(0, '127.0.0.1');
  await once(node, 'listening');
  const request = {
    node: `http://127.0.0.1:${(node.address() as AddressInfo).port}/graphql`,
    payer_key: payer.key.toBase58(),
    to: payee.address.toBase58(),
    amount: String(MINA),
    memo: '',
    poll_ms: 50,
    wait_seconds: 20,
  };
  try {
    for (const { address } of [payer, payee])
      await chain.post('/faucet', { address: address.toBase58() });
    return [(await runTool('pay', JSON.stringify(request))).result, asked];
  } finally {
    node.close();
    await chain.stop();
  }
}

describe('a transaction that was sent', () => {
  test('waits for a block, though its node does not answer meanwhile: else it is paid again', async () => {
    const [result, asked] = await paid([
      () => [503, ''],
      () => [200, '{"errors":[{"message":"Overflow"}]}'],
      () => [200, '{"data":null}'],
    ]);
    assert.equal(result.status, 'included', JSON.stringify(result));
    assert.equal(asked, 4);
  });

  test('waits for a block, though the answer was lost and the node refuses the same once more', async () => {
    const [result] = await paid([], true);
    assert.equal(result.status, 'included', JSON.stringify(result));
  });

  test('failed where a block says so', async () => {
    const [result] = await paid([
      (hash) => {
        const failureReason = [{ index: '0', failures: ['Overflow'] }];
        const transactions = { zkappCommands: [{ hash, failureReason }] };
        const protocolState = { consensusState: { blockHeight: '2' } };
        return [200, JSON.stringify({ data: { bestChain: [{ transactions, protocolState }] } })];
      },
    ]);
    assert.deepEqual([result.error.type, result.error.detail], ['failed', '[[["Overflow"]]]']);
  });
});
