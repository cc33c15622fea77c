/** Tokens in the issuers' real layouts, signed by keys of the tests' own. */
import { type KeyObject, createPublicKey, generateKeyPairSync, sign as rsaSign } from 'node:crypto';
import type { IssuerKey } from '../token/issuer_keys.js';

export const CALL = '1f'.repeat(32);
export const OUTPUTS = 'cd'.repeat(32);
export const COMMIT = '8fe1b322a576d59fe6257052a4107df7dc1b8c78';
/** What an attacker wants to have proved. */
export const EVIL = 'ee'.repeat(20);
export const IAT = 1_796_000_000;
const PATH = 'acme-tools/build-services/sealrun-demo';
const REPOSITORY = 'acme-tools/sealrun-demo';

export type Claims = Record<string, unknown>;
export type Kind = 'gitlab' | 'github';

export const audience = (call = CALL, outputs = OUTPUTS): string =>
  `urn:sealrun:done:${call}:${outputs}`;
/** Of a commit: its id with zeros in front, and the root of its mirror. */
export const treeAudience = (commit = COMMIT, root = OUTPUTS): string =>
  `urn:sealrun:tree:${commit.padStart(64, '0')}:${root}`;

/** The order of GitLab's lib/gitlab/ci/jwt_v2.rb, whose claims https://docs.gitlab.com/ci/secrets/id_token_authentication/ lists. */
export function gitlabClaims(changes: Claims = {}): Claims {
  return {
    project_id: '61234567',
    project_path: PATH,
    namespace_id: '84512345',
    namespace_path: 'acme-tools/build-services',
    user_id: '21987654',
    user_login: 'project_61234567_bot_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5',
    user_email: 'project_61234567_bot_5f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5@noreply.gitlab.com',
    user_access_level: 'maintainer',
    job_project_id: '61234567',
    job_project_path: PATH,
    job_namespace_id: '84512345',
    job_namespace_path: 'acme-tools/build-services',
    pipeline_id: '2151913998',
    pipeline_source: 'api',
    job_id: '12222997048',
    ref: 'v1.4.0',
    ref_type: 'tag',
    ref_path: 'refs/tags/v1.4.0',
    ref_protected: 'true',
    groups_direct: [],
    runner_id: 12270835,
    runner_environment: 'gitlab-hosted',
    sha: COMMIT,
    project_visibility: 'public',
    ci_config_ref_uri: `gitlab.com/${PATH}//.gitlab-ci.yml@refs/tags/v1.4.0`,
    ci_config_sha: COMMIT,
    jti: '235b3a54-b797-45c7-ae9a-f72d7bc6ef5b',
    iat: IAT,
    nbf: IAT - 5,
    exp: IAT + 3600,
    iss: 'https://gitlab.com',
    sub: `project_path:${PATH}:ref_type:tag:ref:v1.4.0`,
    aud: audience(),
    ...changes,
  };
}

/** https://docs.github.com/en/actions/reference/security/oidc */
export function githubClaims(changes: Claims = {}): Claims {
  const workflow = `${REPOSITORY}/.github/workflows/sealrun.yml@refs/tags/v1.4.0`;
  return {
    jti: '0d3c2a3e-6a3d-4a0b-9a5c-2f1f6a5f8f0e',
    sub: `repo:${REPOSITORY}:ref:refs/tags/v1.4.0`,
    aud: audience(),
    ref: 'refs/tags/v1.4.0',
    sha: COMMIT,
    repository: REPOSITORY,
    repository_owner: 'acme-tools',
    repository_owner_id: '84512345',
    run_id: '15191139981',
    run_number: '412',
    run_attempt: '1',
    repository_visibility: 'public',
    repository_id: '612345678',
    actor_id: '219876543',
    actor: 'acme-sealrun-bot',
    workflow: 'sealrun',
    head_ref: '',
    base_ref: '',
    event_name: 'workflow_dispatch',
    ref_protected: 'true',
    ref_type: 'tag',
    workflow_ref: workflow,
    workflow_sha: COMMIT,
    job_workflow_ref: workflow,
    job_workflow_sha: COMMIT,
    runner_environment: 'github-hosted',
    enterprise_id: '1234',
    iss: 'https://token.actions.githubusercontent.com',
    nbf: IAT - 600,
    exp: IAT + 300,
    iat: IAT,
    ...changes,
  };
}

export const claimsOf = { gitlab: gitlabClaims, github: githubClaims } as const;

/** Ruby's and .NET's order of a header's members. */
export const HEADERS: Record<Kind, Claims> = {
  gitlab: { kid: '4i3sFE7sxqNPOT7FdvcGA1ZVGGI_r-tsDXnEuYT4ZqE', typ: 'JWT', alg: 'RS256' },
  github: {
    typ: 'JWT',
    alg: 'RS256',
    x5t: 'eBZ_cn3sXYAd0ch4THBKHIgOwOE',
    kid: 'cc413527-173f-5a05-976e-9c52b1d7b431',
  },
};

const KEYS = {
  issuer: { modulusLength: 2048 },
  stranger: { modulusLength: 2048 },
  short: { modulusLength: 1024 },
  long: { modulusLength: 3072 },
  exponent3: { modulusLength: 2048, publicExponent: 3 },
} as const;
const made = new Map<string, KeyObject>();

/** A key of this process's own. */
export function key(name: keyof typeof KEYS): KeyObject {
  const kept = made.get(name) ?? generateKeyPairSync('rsa', KEYS[name]).privateKey;
  made.set(name, kept);
  return kept;
}

export const base64url = (text: string | Buffer): string => Buffer.from(text).toString('base64url');

/** A token whose payload is this very text. */
export function signText(payload: string | Buffer, header: string, signer = key('issuer')): string {
  const text = `${base64url(header)}.${base64url(payload)}`;
  return `${text}.${base64url(rsaSign('RSA-SHA256', Buffer.from(text), signer))}`;
}

export function signToken(kind: Kind, claims: Claims, signer = key('issuer')): string {
  return signText(JSON.stringify(claims), JSON.stringify(HEADERS[kind]), signer);
}

/** The key's public half as an issuer publishes it. */
export function jwk(privateKey: KeyObject): IssuerKey & { use: string; alg: string } {
  const { n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { kty: 'RSA', n: n!, e: e!, kid: String(HEADERS.gitlab['kid']), use: 'sig', alg: 'RS256' };
}
