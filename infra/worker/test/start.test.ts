// One request for a run, as the Python clients send it, and what its answer means.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Offer, Source } from '../../../web/shared/src/offer.ts';
import { githubStart } from '../src/providers/github.ts';
import { gitlabStart } from '../src/providers/gitlab.ts';
import { startRun, withoutInputs, type StartRequest } from '../src/providers/start.ts';

const CALL = 'ab'.repeat(32);
const INPUTS = { level: 3, flag: true, layer: 'both', sealrun_call: CALL };
const TOKEN = 'glpat-secret';

let reply: { status: number; body: string; headers?: Record<string, string> };
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: unknown }[] =
  [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (piece: Buffer) => (body += piece.toString()));
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: JSON.parse(body) });
    response.writeHead(reply.status, reply.headers).end(reply.body);
  });
});
let origin = '';
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => server.close());

const source = (changes: Partial<Source>): Source => ({
  provider: 'gitlab',
  origin,
  project: '42',
  ref: 'refs/tags/v1',
  commit: '',
  tree: '',
  configuration: { path: '.github/workflows/job.yml', sha256: '', includes: [] },
  user: 7,
  ...changes,
});
const gitlab = (): StartRequest => gitlabStart(source({ base_path: '/gitlab' }), TOKEN, INPUTS);
const github = (): StartRequest => githubStart(source({ project: 'a/b' }), TOKEN, INPUTS);

async function start(
  request: StartRequest,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  reply = { status, body: typeof body === 'string' ? body : JSON.stringify(body), headers };
  seen = [];
  return startRun(request, { origin, unsafeLoopback: true });
}

test('GitLab gets the inputs as they are, under an access token or in a trigger', async () => {
  const page = 'https://gitlab.example/p/1';
  const made = await start(gitlab(), 201, { id: 9, web_url: page });
  assert.deepEqual(made, { start: 'made', run: 9, url: page });
  const [sent] = seen;
  assert.equal(sent?.method, 'POST');
  assert.equal(sent.url, '/gitlab/api/v4/projects/42/pipeline');
  assert.equal(sent.headers['private-token'], TOKEN);
  assert.deepEqual(sent.body, { ref: 'refs/tags/v1', inputs: INPUTS });
  await start(gitlabStart(source({}), 'glptt-x', INPUTS), 201, { id: 9 });
  assert.equal(seen[0]?.url, '/api/v4/projects/42/trigger/pipeline');
  assert.equal(seen[0].headers['private-token'], undefined);
  assert.deepEqual(seen[0].body, { token: 'glptt-x', ref: 'refs/tags/v1', inputs: INPUTS });
});

test('GitLab gets variables where the offer says so', async () => {
  const old = source({ inputs_as: 'variables' });
  const inputs = { level: 3, sealrun_call: CALL };
  const texts = { level: '3', sealrun_call: CALL };
  await start(gitlabStart(old, TOKEN, inputs), 201, { id: 9 });
  const listed = Object.entries(texts).map(([key, value]) => ({ key, value }));
  assert.deepEqual(seen[0]?.body, { ref: 'refs/tags/v1', variables: listed });
  await start(gitlabStart(old, 'glptt-x', inputs), 201, { id: 9 });
  assert.deepEqual(seen[0]?.body, { token: 'glptt-x', ref: 'refs/tags/v1', variables: texts });
});

test('GitHub gets the inputs as texts', async () => {
  const made = await start(github(), 200, { workflow_run_id: 5, html_url: 'javascript:alert(1)' });
  assert.deepEqual(made, { start: 'made', run: 5, url: '' });
  assert.equal(seen[0]?.url, '/repos/a/b/actions/workflows/job.yml/dispatches');
  assert.equal(seen[0].headers.authorization, `Bearer ${TOKEN}`);
  assert.equal(seen[0].headers['x-github-api-version'], '2026-03-10');
  const texts = { level: '3', flag: 'true', layer: 'both', sealrun_call: CALL };
  assert.deepEqual(seen[0].body, { ref: 'refs/tags/v1', inputs: texts });
});

const ANSWERS: [() => StartRequest, number, unknown, string, string][] = [
  [
    gitlab,
    400,
    { message: { base: ['Too many pipelines created in the last minute. Wait.'] } },
    'busy',
    'Wait',
  ],
  [gitlab, 403, { message: '403 Forbidden - maintenance, read-only' }, 'busy', 'read-only'],
  [gitlab, 400, { message: { base: ['Reference not found'] } }, 'refused', ': Reference not found'],
  [gitlab, 401, { error: 'a', error_description: `bad ${TOKEN}` }, 'refused', ': bad [token]'],
  [gitlab, 429, 'Retry later', 'busy', 'no reason given'],
  [gitlab, 502, '<html><title>Bad gateway</title>', 'unclear', 'a web page: Bad gateway'],
  [gitlab, 408, {}, 'unclear', 'answered 408'],
  [gitlab, 302, '', 'refused', 'answered 302'],
  [gitlab, 201, {}, 'unclear', 'did not say which'],
  [gitlab, 201, 'no JSON', 'unclear', 'did not say which'],
  [github, 204, '', 'unclear', 'did not say which'],
  [github, 403, { message: 'You have exceeded a secondary rate limit' }, 'busy', 'secondary'],
  [github, 422, { message: 'x', errors: [{ message: 'y' }, 'z'] }, 'refused', ': x: y, z'],
];
for (const [make, status, body, expected, detail] of ANSWERS)
  test(`${make === gitlab ? 'GitLab' : 'GitHub'} answers ${status} ${JSON.stringify(body).slice(0, 50)}`, async () => {
    const got = await start(make(), status, body);
    assert.equal(got.start, expected);
    assert.ok('detail' in got && got.detail.includes(detail), JSON.stringify(got));
    assert.equal(seen.length, 1);
  });

const ADA = '`name` input: `Ada` cannot be used because it is not in the list of allowed options';
for (const [inputs, status, message, shown] of [
  ['buyer', 400, ADA, ", in words that may repeat the buyer's inputs"],
  ['buyer', 401, '401 Unauthorized', ': 401 Unauthorized'],
  ['public', 400, ADA, `: ${ADA}`],
] as const)
  test(`what a provider says with ${status} of inputs that are ${inputs}`, async () => {
    const offer = { evidence: { inputs } } as unknown as Offer;
    const got = withoutInputs(await start(gitlab(), status, { message }), offer);
    assert.deepEqual(got, { start: 'refused', detail: `gitlab answered ${status}${shown}` });
  });

test('a busy provider says how long it wants to be left alone', async () => {
  const soon = new Date(Date.now() + 90_000).toUTCString();
  const at = String(Math.floor(Date.now() / 1000) + 50);
  const cases: [Record<string, string>, number, number][] = [
    [{ 'retry-after': '7' }, 7, 7],
    [{ 'retry-after': '99999' }, 600, 600],
    [{ 'retry-after': soon }, 80, 90],
    [{ 'ratelimit-reset': at }, 40, 51],
    [{}, 30, 30],
  ];
  for (const [headers, low, high] of cases) {
    const got = await start(gitlab(), 429, {}, headers);
    assert.ok('retryAfter' in got && got.retryAfter >= low && got.retryAfter <= high);
  }
});

test('nothing is sent to another origin, or over http in the open', async () => {
  seen = [];
  const elsewhere = await startRun(gitlab(), {
    origin: 'https://gitlab.example',
    unsafeLoopback: true,
  });
  const open = await startRun(gitlab(), { origin, unsafeLoopback: false });
  assert.deepEqual([elsewhere.start, open.start, seen.length], ['refused', 'refused', 0]);
});

test('a connection that ends says nothing of the run', async () => {
  const gone = gitlabStart(source({ origin: 'http://127.0.0.1:9' }), TOKEN, INPUTS);
  const got = await startRun(gone, { origin: 'http://127.0.0.1:9', unsafeLoopback: true });
  assert.equal(got.start, 'unclear');
});
