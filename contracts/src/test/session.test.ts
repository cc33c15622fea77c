import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { Mina } from 'o1js';
import '../backend.js';
import { ToolError } from '../tools/errors.js';
import { Request } from '../tools/request.js';
import { Session } from '../tools/session.js';
import { party } from './world.js';

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
