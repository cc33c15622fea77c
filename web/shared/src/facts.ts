// The claims of the CI's own token that an offer can demand, and their hash; the same as sealrun.offers.facts.
import { utf8 } from './bytes.ts';
import { Malformed } from './errors.ts';
import { taggedHash, textField } from './fields.ts';
import * as read from './read.ts';

const PACKED = 31;
/** In the order of their hash, each with room for its text `"name":"value"` in bytes. */
const FACTS: Record<string, Record<string, number>> = {
  gitlab: {
    project_id: 31,
    ref_path: 124,
    ref_protected: 31,
    runner_environment: 62,
    sha: 93,
    ci_config_ref_uri: 248,
    ci_config_sha: 93,
    pipeline_source: 62,
    user_id: 31,
  },
  github: {
    repository: 155,
    repository_id: 31,
    ref: 124,
    ref_protected: 31,
    runner_environment: 62,
    sha: 93,
    workflow_ref: 248,
    job_workflow_ref: 248,
    job_workflow_sha: 93,
    event_name: 62,
    run_attempt: 31,
    actor_id: 31,
  },
};

/** `H("sealrun:facts", [issuer, texts])` of the claims by their names. */
export function factsHash(issuer: unknown, facts: unknown): bigint {
  const rooms = typeof issuer === 'string' && Object.hasOwn(FACTS, issuer) ? FACTS[issuer] : {};
  const names = Object.keys(rooms ?? {});
  if (names.length === 0)
    throw new Malformed('facts: expected a provider of gitlab, github, got another');
  const value = read.only(facts, names, 'facts');
  const texts = Object.entries(rooms ?? {}).flatMap(([name, room]) => {
    const text = read.text(value, name, /^[ !#-[\]-~]+$/, 'printable text without quotes');
    return packed(`"${name}":"${text}"`, room, name);
  });
  return taggedHash('sealrun:facts', [textField(String(issuer)), ...texts]);
}

/** 31 bytes a field, least significant first, with NULs up to the room. */
function packed(text: string, room: number, name: string): bigint[] {
  const data = utf8(text);
  if (data.length > room)
    throw new Malformed(`${name}: expected at most ${room} bytes, got ${data.length}`);
  return Array.from({ length: room / PACKED }, (_, at) =>
    data
      .subarray(PACKED * at, PACKED * (at + 1))
      .reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n),
  );
}
