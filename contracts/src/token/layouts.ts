/** What the tokens of each issuer look like: the header's length, and the claims that an offer pins. */

/** A claim that is pinned, and how many bytes its text `"name":"value"` may have: a multiple of 31. */
export interface Fact {
  readonly name: string;
  readonly room: number;
}

export interface Layout {
  readonly name: 'gitlab' | 'github';
  /** Characters of the header before the dot. It is the same for all of an issuer's keys. */
  readonly headerLength: number;
  /** In the order in which they are hashed. All of them must be there. */
  readonly facts: readonly Fact[];
}

/** A commit in hex, of SHA-1 or SHA-256. */
const COMMIT = 93;
/** `refs/tags/` and a name of up to 100 characters, as offers allow. */
const REF = 124;
/** An id, a number of at most 13 digits. */
const ID = 31;
const WORD = 62;
/** The configuration's file in its project at a ref. */
const FILE = 248;

/**
 * https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
 *
 * Header: `kid` is the key's thumbprint (RFC 7638), 43 characters, with `typ` and `alg`.
 */
export const GITLAB: Layout = {
  name: 'gitlab',
  headerLength: 106,
  facts: [
    { name: 'project_id', room: ID },
    { name: 'ref_path', room: REF },
    { name: 'ref_protected', room: ID },
    { name: 'runner_environment', room: WORD },
    { name: 'sha', room: COMMIT },
    { name: 'ci_config_ref_uri', room: FILE },
    { name: 'ci_config_sha', room: COMMIT },
    { name: 'pipeline_source', room: WORD },
    { name: 'user_id', room: ID },
  ],
};

/**
 * https://docs.github.com/en/actions/reference/security/oidc
 *
 * Header: `typ`, `alg`, `x5t` of 27 characters, and `kid`, a UUID or as long as one.
 */
export const GITHUB: Layout = {
  name: 'github',
  headerLength: 144,
  facts: [
    { name: 'repository', room: 155 },
    { name: 'repository_id', room: ID },
    { name: 'ref', room: REF },
    { name: 'ref_protected', room: ID },
    { name: 'runner_environment', room: WORD },
    { name: 'sha', room: COMMIT },
    { name: 'workflow_ref', room: FILE },
    { name: 'job_workflow_ref', room: FILE },
    { name: 'job_workflow_sha', room: COMMIT },
    { name: 'event_name', room: WORD },
    { name: 'run_attempt', room: ID },
    { name: 'actor_id', room: ID },
  ],
};

export const LAYOUTS = { gitlab: GITLAB, github: GITHUB } as const;
