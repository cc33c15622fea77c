// GitHub: https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
import type { Inputs } from '../../../../web/shared/src/inputs.ts';
import type { Source } from '../../../../web/shared/src/offer.ts';
import type { StartRequest } from './start.ts';

// From the newer version on, every start is answered with the run's id; an own server's release is unknown.
const API_VERSION = '2026-03-10';
const OLD_API_VERSION = '2022-11-28';

export function githubStart(
  source: Source,
  token: string,
  inputs: Inputs & { sealrun_call: string },
): StartRequest {
  const url = `${source.origin}${source.base_path ?? ''}`;
  const ownHost = /^(?:https:\/\/api\.|http:\/\/127\.0\.0\.1:)/.test(url);
  const api = ownHost ? url : `${url}/api/v3`;
  const workflow = source.configuration.path.split('/').at(-1);
  return {
    provider: 'github',
    url: `${api}/repos/${source.project}/actions/workflows/${workflow}/dispatches`,
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'application/vnd.github+json',
      'X-GitHub-Api-Version': ownHost ? API_VERSION : OLD_API_VERSION,
    },
    body: { ref: source.ref, inputs: asTexts(inputs) },
    run: (answer) => ({ run: answer.workflow_run_id, url: answer.html_url }),
    isBusy: (status, reason, headers) =>
      status === 403 &&
      (headers.has('retry-after') ||
        headers.get('x-ratelimit-remaining') === '0' ||
        reason.includes('secondary rate limit')),
    reset: 'x-ratelimit-reset',
    flat,
    secret: token,
  };
}

/** Inputs as a workflow gets them, which is as strings: others as JSON. */
function asTexts(inputs: Inputs): Record<string, string> {
  const texts = Object.entries(inputs).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
}

/** `{"message": "x", "errors": [{"message": "y"}, "z"]}` as `x: y, z`. */
function flat(value: Record<string, unknown>): string {
  const { message, errors } = value;
  const listed: unknown[] = Array.isArray(errors) ? errors : errors ? [errors] : [];
  const reasons = listed.map((one) => {
    const { message: words, code } = (one ?? {}) as { message?: unknown; code?: unknown };
    return String(words ?? code ?? one);
  });
  return [String(message ?? ''), reasons.join(', ')].filter((part) => part !== '').join(': ');
}
