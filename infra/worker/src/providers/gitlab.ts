// GitLab: https://docs.gitlab.com/api/pipelines/#create-a-new-pipeline, and pipeline triggers.
import type { Inputs } from '../../../../web/shared/src/inputs.ts';
import type { Source } from '../../../../web/shared/src/offer.ts';
import type { StartRequest } from './start.ts';

// https://docs.gitlab.com/security/tokens/#token-prefixes
const TRIGGER_PREFIX = 'glptt-';
// GitLab's own words: too many pipelines in a minute come with 400, maintenance with 403.
const TOO_MANY_PIPELINES = 'Too many pipelines created in the last minute';
const READ_ONLY = 'read-only';

export function gitlabStart(
  source: Source,
  token: string,
  inputs: Inputs & { sealrun_call: string },
): StartRequest {
  const api = `${source.origin}${source.base_path ?? ''}/api/v4/projects/${source.project}`;
  const triggers = token.startsWith(TRIGGER_PREFIX);
  const body = { ref: source.ref, ...values(source, inputs, triggers) };
  return {
    provider: 'gitlab',
    url: triggers ? `${api}/trigger/pipeline` : `${api}/pipeline`,
    headers: triggers ? {} : { 'PRIVATE-TOKEN': token },
    body: triggers ? { token, ...body } : body,
    run: (answer) => ({ run: answer.id, url: answer.web_url }),
    isBusy: (status, reason) =>
      (status === 400 && reason.includes(TOO_MANY_PIPELINES)) ||
      (status === 403 && reason.includes(READ_ONLY)),
    reset: 'ratelimit-reset',
    flat,
    secret: token,
  };
}

/** The inputs, or variables in their place for a GitLab that knows no inputs: texts, others as JSON. */
function values(source: Source, inputs: Inputs, triggers: boolean): Record<string, unknown> {
  if (source.inputs_as !== 'variables') return { inputs };
  const texts = Object.entries(inputs).map(([key, value]): [string, string] => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  if (triggers) return { variables: Object.fromEntries(texts) };
  return { variables: texts.map(([key, value]) => ({ key, value })) };
}

/** `{"message": {"base": ["x"]}}` and `{"error": "y", "error_description": "x"}` as x. */
function flat(value: unknown): string {
  if (Array.isArray(value)) return value.map(flat).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const members = value as Record<string, unknown>;
  for (const name of ['message', 'error_description', 'error', 'base'])
    if (name in members) return flat(members[name]);
  return Object.entries(members)
    .map(([name, member]) => `${name}: ${flat(member)}`)
    .join('; ');
}
