/** HTTP on loopback: POST /graphql for node and archive, POST /faucet and POST /slots for tests and demos. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GraphQLError, graphql } from 'graphql';
import type { Chain } from './blocks.js';
import { Refused } from './errors.js';
import { DEFAULT_TOKEN } from './ledger.js';
import { createResolvers } from './resolvers.js';
import { createSchema } from './schema.js';

/** A command with 6 proofs is about 240 KB. */
const MAX_BODY = 1_000_000;
const MAX_SLOTS = 1_000_000;
const DEFAULT_AMOUNT = 1000n * 10n ** 9n;
const MAX_AMOUNT = 10n ** 15n;

type Route = (body: Record<string, unknown>) => Promise<unknown>;

export function createChainServer(chain: Chain): Server {
  const routes: Record<string, Route> = {
    '/graphql': graphqlRoute(chain),
    '/faucet': (body) => faucet(chain, body),
    '/slots': (body) => slots(chain, body),
  };
  return createServer((request, response) => void answer(routes, request, response));
}

async function answer(
  routes: Record<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // As public nodes do: the buyer's page asks from another origin.
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type');
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  try {
    const route = routes[request.url ?? ''];
    if (route === undefined)
      throw new Refused('no such address: expected /graphql, /faucet or /slots', 404);
    if (request.method !== 'POST') throw new Refused('expected POST', 405);
    send(response, 200, await route(await readJson(request)));
  } catch (error) {
    const refused = error instanceof Refused;
    if (!refused) console.error(error);
    send(
      response,
      refused ? error.status : 500,
      errors(refused ? error.message : 'the chain has a fault'),
    );
  }
}

function graphqlRoute(chain: Chain): Route {
  const schema = createSchema();
  const rootValue = createResolvers(chain);
  return async ({ query, variables }) => {
    if (typeof query !== 'string') throw new Refused('the body has no query');
    const result = await graphql({
      schema,
      source: query,
      rootValue,
      variableValues: isRecord(variables) ? variables : {},
    });
    return result.errors === undefined
      ? result
      : { ...result, errors: result.errors.map(publicError) };
  };
}

/** Faults of the server stay in its own log. */
function publicError(error: GraphQLError) {
  const cause = error.originalError;
  if (cause == null || cause instanceof Refused) return error.toJSON();
  console.error(cause);
  return new GraphQLError('the chain has a fault').toJSON();
}

async function faucet(chain: Chain, { address, amount }: Record<string, unknown>) {
  if (typeof address !== 'string') throw new Refused('the body has no address');
  const nanomina = readAmount(amount);
  const { hash } = await chain.fund(address, nanomina);
  const balance = chain.account(address, DEFAULT_TOKEN)?.balance ?? null;
  return { hash, address, amount: nanomina.toString(), balance };
}

function readAmount(amount: unknown): bigint {
  if (amount === undefined) return DEFAULT_AMOUNT;
  const nanomina = typeof amount === 'string' && /^\d{1,15}$/.test(amount) ? BigInt(amount) : 0n;
  if (nanomina < 1n || nanomina > MAX_AMOUNT)
    throw new Refused('the amount is not nanomina as decimal text, up to 10^15');
  return nanomina;
}

async function slots(chain: Chain, { count, empty = false }: Record<string, unknown>) {
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > MAX_SLOTS) {
    throw new Refused(`the count is not a number from 1 to ${MAX_SLOTS}`);
  }
  if (typeof empty !== 'boolean') throw new Refused('empty is not true or false');
  const { height, slot } = empty ? await chain.leaveEmpty(count) : await chain.advance(count);
  return { height, slot };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Reads on to the end, so that the client gets the answer and not a reset.
    if (size <= MAX_BODY) chunks.push(chunk);
    else if (size > 20 * MAX_BODY) request.destroy();
  }
  if (size > MAX_BODY)
    throw new Refused(
      `the body is too large: expected at most ${MAX_BODY} bytes, got ${size}`,
      413,
    );
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refused('the body is not JSON');
  }
  if (!isRecord(value)) throw new Refused('the body is not a JSON object');
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function errors(message: string) {
  return { errors: [{ message }] };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
