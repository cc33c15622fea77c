"""What the core knows of GitHub. Data alone."""

from sealrun.offers.provider_rules import Issuer, ProviderRules, TokenRules

_ISSUER, _KEYS_PATH = "https://token.actions.githubusercontent.com", "/.well-known/jwks"

# https://docs.github.com/en/actions/reference/security/oidc. Not compared: check_run_id, the job. An archive
# belongs to the run at GitHub, and so does the token in it.
_CLAIMS = {
    "repository": "{project}",
    "run_id": "{run}",
    "run_attempt": "1",
    "event_name": "{run_source}",
    "sha": "{commit}",
    "ref": "{ref}",
    "workflow_ref": "{project}/{path}@{ref}",
    "workflow_sha": "{commit}",
    "actor_id": "{user}",
    "runner_environment": "github-hosted",
}
_SHOWN = (
    "iss", "aud", "iat", "nbf", "exp", "repository_id", "run_id", "run_attempt", "check_run_id", "event_name",
    "sha", "workflow_sha", "runner_environment", "actor_id",
)  # fmt: skip

# Our word for why jobs failed of which no runner took any: the account is out of minutes, or locked.
NOT_STARTED = "not started"

RULES = ProviderRules(
    name="github",
    project_pattern=r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9_.-]{1,100}",
    project_says="owner/name",
    repository="{origin}/{project}",
    pages={"https://api.github.com": "https://github.com"},
    # The tenant's own host answers, too, below /api/v3: https://github.com/desktop/desktop/pull/19312
    tenant_api=r"https://api\.([a-z0-9-]+\.ghe\.com)",
    # https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event: 25 a workflow
    max_inputs=24,
    run_sources=("workflow_dispatch",),
    faults=frozenset({"startup_failure", NOT_STARTED}),
    token=TokenRules(
        keys_path=_KEYS_PATH,
        public={"https://api.github.com": Issuer(_ISSUER, f"{_ISSUER}{_KEYS_PATH}", public=True)},
        claims=_CLAIMS,
        shown=_SHOWN,
        about="run",
        personal=("actor_id",),
        last_workflow="job_workflow_ref",
    ),
)
