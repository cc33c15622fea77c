// How the run went, by the document that is always shown, against receipt and offer. Step 7.
import { fieldHex } from '../fields.ts';
import { isObject, parseObject, type Json, type JsonObject } from '../json.ts';
import * as read from '../read.ts';
import { Broken, NotShown, OPERATOR, require, requireEqual, type Claims } from './claims.ts';
import type { Receipt } from './receipt.ts';

export const RUN = 'profile/run.json';
const NAMES = ['call', 'outcome', 'reason', 'statement_key', 'samples', 'not_pinned', 'run'];
const MAX_BYTES = 8 << 20;
const MAX_JOBS = 5000;
const RESULTS = [
  'succeeded',
  'failed',
  'canceled',
  'skipped',
  'manual',
  'unfinished',
  'archive',
  'unread',
];
const JOB_WORDS = ['name', 'status', 'failure_reason'];
// By code points, as Python counts them.
const ANY = /^[^]{0,2000}$/u;
const PROVIDERS = /^[^]{0,5000}$/u;
// The same words as sealrun.runs.document.
const NOT_PINNED = ['job images', 'project variables', 'runners'];
const WITHOUT_RUN = ['never_started', 'unreachable'];

export interface Job {
  name: string;
  status: string;
  result: string;
  mayFail: boolean;
  retried: boolean;
}

/** The claims of step 7; the jobs, as far as the document tells of them. */
export async function checkRun(
  claims: Claims,
  receipt: Receipt,
  offer: JsonObject | undefined,
  bytes: Uint8Array | undefined,
): Promise<Job[]> {
  let run: JsonObject | undefined;
  await claims.check('run', OPERATOR, () => {
    if (!bytes) throw new NotShown('run.json is not here');
    // Step 7.1
    const value = parseRun(bytes);
    requireEqual("the run document's call", fieldHex(receipt.hashes.call_hash), value['call']);
    requireEqual("the run document's outcome", receipt.outcome, value['outcome']);
    run = value;
    return `${receipt.outcome.replaceAll('_', ' ')}: ${String(value['reason'])}`;
  });
  if (!run) return [];
  const told: JsonObject = run;
  await claims.check('times', OPERATOR, () => checkTimes(receipt, told));
  if (!offer) return [];
  await claims.check('commit', OPERATOR, () => checkCommit(receipt, offer, told));
  await claims.check('pinned', OPERATOR, () => checkPinned(receipt, offer, told));
  await claims.check('jobs', OPERATOR, () => checkJobs(receipt, offer, told));
  return shownJobs(told['jobs']);
}

function parseRun(bytes: Uint8Array): JsonObject {
  const value = parseObject(bytes, MAX_BYTES);
  read.only(value, NAMES, 'run.json', Object.keys(value));
  for (const name of NAMES.slice(0, 4)) read.text(value, name, ANY, 'text');
  if (!isObject(value['samples']) || !Array.isArray(value['not_pinned']))
    throw new Broken('samples, not_pinned: expected an object and a list, got something else');
  const open = value['not_pinned'];
  const path = value['configuration'] ?? null;
  if (!open.every((one) => typeof one === 'string') || !(path === null || typeof path === 'string'))
    throw new Broken('not_pinned, configuration: expected texts, got something else');
  const run = value['run'];
  if (run === null) return value;
  const texts = ['project', 'name', 'ref', 'sha', 'source', 'url', 'status'];
  const numbers = ['id', 'user', 'created_at', 'started_at', 'finished_at'];
  const members = read.only(run, [...texts, ...numbers], 'run');
  for (const name of texts) read.text(members, name, PROVIDERS, 'text');
  for (const name of numbers) read.whole(members, name, 0, read.MAX_UNIX_SECONDS);
  return value;
}

function checkTimes(receipt: Receipt, document: JsonObject): string {
  // Step 7.2
  const run = isObject(document['run']) ? document['run'] : {};
  for (const name of ['created_at', 'started_at'])
    require(Number(run[name] ?? 0) <=
      receipt.finishedAt, `the run's ${name}: expected at most ${receipt.finishedAt}, got ${String(run[name])}`);
  return `finished at ${receipt.finishedAt} (Unix seconds)`;
}

function checkCommit(receipt: Receipt, offer: JsonObject, document: JsonObject): string {
  const run = document['run'];
  if (!isObject(run)) {
    require(WITHOUT_RUN.includes(
      receipt.outcome,
    ), `the run: expected one for status ${receipt.outcome}, got none`);
    return 'no run was there to look at';
  }
  // Step 7.4
  const source = isObject(offer['source']) ? offer['source'] : {};
  if (receipt.outcome !== 'source_changed') {
    const { project, ref, commit, user } = source;
    const name = `sealrun ${fieldHex(receipt.hashes.call_hash)}`;
    const wanted = { project, ref, sha: commit, user, name };
    for (const [what, expected] of Object.entries(wanted))
      requireEqual(`the run's ${what}`, expected, run[what]);
  }
  if (receipt.outcome === 'succeeded') {
    requireEqual("the run's status", 'succeeded', run['status']);
    requireEqual("the run's end", receipt.finishedAt, run['finished_at']);
  }
  return `run ${String(run['id'])} at commit ${String(run['sha'])}`;
}

function checkPinned(receipt: Receipt, offer: JsonObject, document: JsonObject): string {
  // Step 7.5
  const source = isObject(offer['source']) ? offer['source'] : {};
  const file = isObject(source['configuration']) ? source['configuration'] : {};
  const ran = document['configuration'] ?? null;
  if (receipt.outcome === 'succeeded' && ran !== null)
    requireEqual("the project's configuration", file['path'], ran);
  const includes = Array.isArray(file['includes']) ? file['includes'].map(String) : [];
  const named = notPinned(includes, typeof ran === 'string' && ran !== '').join(', ');
  requireEqual(
    'what is not pinned',
    named,
    (document['not_pinned'] as Json[]).map(String).join(', '),
  );
  return `not pinned, and named: ${named}`;
}

/** What may change under the same commit, in words. */
export function notPinned(includes: string[], configurationIsKnown = true): string[] {
  const open = includes.filter((include) => !/^(?:local|pinned):/.test(include));
  const unknown = configurationIsKnown
    ? []
    : ['which configuration file the project is set to run'];
  return [...open.map((one) => `included configuration ${one}`), ...unknown, ...NOT_PINNED];
}

function checkJobs(receipt: Receipt, offer: JsonObject, document: JsonObject): string {
  if (receipt.outcome !== 'succeeded') return 'the receipt does not say that the jobs succeeded';
  const listed = document['jobs'];
  const told = Array.isArray(listed) ? listed : [];
  if (told.length > 0 && told.every((job) => isObject(job) && !('result' in job)))
    throw new NotShown(
      "run.json has the provider's words only, as before sealrun 0.2.0: neither a job's result nor" +
        ' whether it may fail',
    );
  // Step 7.6
  const success = offer['success'];
  const named =
    isObject(success) && Array.isArray(success['jobs']) ? success['jobs'].map(String) : [];
  const jobs = parseJobs(listed);
  const unmet = unmetJobs(jobs, named);
  require(unmet.length ===
    0, `the jobs: expected those that must succeed to do so, got ${unmet.join('; ').slice(0, 500)}`);
  const again = jobs.filter(({ retried }) => retried).map(({ name }) => name.slice(0, 80));
  const repeated =
    again.length > 0 ? `; ran more than once: ${again.join(', ').slice(0, 500)}` : '';
  return `every job that must succeed did${repeated}`;
}

function parseJobs(listed: Json | undefined): Job[] {
  if (!Array.isArray(listed) || listed.length > MAX_JOBS)
    throw new Broken(`jobs: expected a list of at most ${MAX_JOBS}, got something else`);
  return listed.map((value) => {
    const names = [...JOB_WORDS, 'result', 'may_fail'];
    const job = read.only(value, names, 'job', isObject(value) ? Object.keys(value) : []);
    for (const name of JOB_WORDS) read.text(job, name, PROVIDERS, 'text');
    return {
      name: String(job['name']),
      status: String(job['status']),
      result: read.oneOf(job, 'result', RESULTS),
      mayFail: read.truth(job, 'may_fail'),
      retried: 'retried' in job && read.truth(job, 'retried'),
    };
  });
}

/** Which jobs did not succeed though they must; nothing if all is well. */
function unmetJobs(jobs: Job[], named: string[]): string[] {
  const real = jobs.filter(({ result }) => result !== 'archive');
  const missing = named.filter((name) => !real.some((job) => job.name === name));
  const failed = real.filter(({ name, result, mayFail }) => {
    const needed = named.length > 0 ? named.includes(name) : !mayFail;
    return result === 'unread' || (needed && result !== 'succeeded');
  });
  const none = real.some(({ result }) => result === 'succeeded') ? [] : ['no job succeeded'];
  return [
    ...missing.map((name) => `${name}: no such job ran`),
    ...failed.map(({ name, status }) => `${name.slice(0, 80)}: ${status}`),
    ...none,
  ];
}

/** For people: a job that is not of its form is left out, since the claim about jobs names it. */
function shownJobs(listed: Json | undefined): Job[] {
  try {
    return parseJobs(listed);
  } catch {
    return [];
  }
}
