"""What the core knows of GitLab. Data alone."""

from sealrun.offers.provider_rules import Issuer, ProviderRules, TokenRules

_PUBLIC, _KEYS_PATH = "https://gitlab.com", "/oauth/discovery/keys"

# https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
_CLAIMS = {
    "project_id": "{project}",
    "pipeline_id": "{run}",
    "pipeline_source": "{run_source}",
    "job_id": "{job}",
    "sha": "{commit}",
    "ref_path": "{ref}",
    "ref_protected": "true",
    "ci_config_sha": "{commit}",
    "user_id": "{user}",
    "runner_environment": "gitlab-hosted",
}
# user_id stands in the offer already; path names and logins may be people's.
_SHOWN = (
    "iss", "aud", "iat", "nbf", "exp", "project_id", "pipeline_id", "pipeline_source", "job_id", "sha",
    "ref_path", "ref_protected", "ci_config_sha", "runner_environment", "user_id",
)  # fmt: skip

# Jobs that GitLab did not run to their end. The other reasons may be a buyer's doing, such as a timeout, or a
# child pipeline that refuses an input. GitLab 19.1 split stuck_or_timeout_failure and runner_system_failure.
# https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/models/concerns/enums/ci/commit_status.rb
_FAULTS = frozenset(
    {
        "api_failure", "archived_failure", "bridge_pipeline_is_child_pipeline", "builds_disabled",
        "ci_quota_exceeded", "data_integrity_failure", "deployment_rejected",
        "downstream_bridge_project_not_found", "environment_creation_failure",
        "failed_outdated_deployment_job", "forward_deployment_failure", "id_token_burned_project_path",
        "insufficient_bridge_permissions", "insufficient_upstream_permissions", "invalid_bridge_trigger",
        "ip_restriction_failure", "job_router_failure", "missing_dependency_failure", "no_matching_runner",
        "no_updates_running", "pipeline_loop_detected", "project_deleted", "protected_environment_failure",
        "reached_downstream_pipeline_trigger_rate_limit", "reached_max_descendant_pipelines_depth",
        "reached_max_pipeline_hierarchy_size", "runner_configuration_error",
        "runner_external_dependency_failure", "runner_interrupted", "runner_provisioning_timeout",
        "runner_system_failure", "runner_unsupported", "scheduler_failure", "secrets_manager_access_denied",
        "secrets_provider_not_found", "stale_schedule", "stuck_or_timeout_failure",
        "stuck_pending_no_matching_runners", "stuck_pending_with_matching_runners", "unmet_prerequisites",
        "upstream_bridge_project_not_found", "user_blocked",
    }
)  # fmt: skip

# Inputs can choose a job's tags, environment and size, so the other reasons may be a buyer's doing.
_SELLERS_FAULTS = frozenset(
    {
        "archived_failure", "builds_disabled", "ci_quota_exceeded", "ip_restriction_failure",
        "project_deleted", "user_blocked",
    }
)  # fmt: skip

RULES = ProviderRules(
    name="gitlab",
    project_pattern=r"[1-9][0-9]{0,17}",
    project_says="a numeric project id",
    repository="{origin}/projects/{project}",  # leads from the id to the page
    max_inputs=19,  # https://docs.gitlab.com/ci/inputs/: 20 a pipeline
    input_ways=("inputs", "variables"),
    run_sources=("api", "trigger"),  # by an access token, by a trigger token
    faults=_FAULTS,
    sellers_faults=_SELLERS_FAULTS,
    token=TokenRules(
        keys_path=_KEYS_PATH,
        # Whoever runs a self-managed GitLab could sign anything, so only this one counts for grade 1 (E2).
        public={
            "https://gitlab.com": Issuer("https://gitlab.com", f"https://gitlab.com{_KEYS_PATH}", public=True)
        },
        claims=_CLAIMS,
        endings={"ci_config_ref_uri": "//{path}@{ref}"},
        shown=_SHOWN,
        about="job",
        personal=("user_id",),
        last_source="parent_pipeline",
        # https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects
        bots=r"(project|group)_[0-9]+_bot(_[0-9a-f]+|[0-9]+)?",
    ),
)
