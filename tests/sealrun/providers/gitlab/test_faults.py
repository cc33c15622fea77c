"""Whose fault each of GitLab's reasons for a failed job is (L12).

The reasons that GitLab has, newest ones too:
https://gitlab.com/gitlab-org/gitlab/-/blob/master/app/models/concerns/enums/ci/commit_status.rb
"""

import pytest

from sealrun.runs.run import Job, JobResult, RunStatus
from tests.sealrun.world import World

# What the script or an input did, or may have done, and what follows when a run is stopped.
BUYERS = (
    "script_failure", "job_execution_timeout", "job_execution_server_timeout", "server_timeout_running",
    "server_timeout_canceling", "no_updates_canceling", "trace_size_exceeded", "job_token_expired",
    "downstream_pipeline_creation_failed", "downstream_project_trigger_resolved_to_empty", "unknown_failure",
)  # fmt: skip
# GitLab 19.1 writes these in place of stuck_or_timeout_failure, runner_system_failure and, for an image that
# cannot be had, script_failure: https://docs.gitlab.com/ci/yaml/#retrywhen
NEWER = (
    "stuck_pending_with_matching_runners", "stuck_pending_no_matching_runners", "no_updates_running",
    "runner_configuration_error", "runner_external_dependency_failure", "runner_interrupted",
    "job_router_failure",
)  # fmt: skip
# A job that was not given to a runner: what it needs is missing, or others were faster.
NOT_GIVEN = (
    "missing_dependency_failure", "unmet_prerequisites", "forward_deployment_failure",
    "failed_outdated_deployment_job", "protected_environment_failure", "secrets_provider_not_found",
    "secrets_manager_access_denied", "id_token_burned_project_path", "environment_creation_failure",
    "deployment_rejected",
)  # fmt: skip
# A trigger job that started no pipeline.
TRIGGERS = (
    "pipeline_loop_detected", "insufficient_bridge_permissions", "downstream_bridge_project_not_found",
    "invalid_bridge_trigger", "upstream_bridge_project_not_found", "insufficient_upstream_permissions",
    "bridge_pipeline_is_child_pipeline", "reached_max_descendant_pipelines_depth",
    "reached_max_pipeline_hierarchy_size", "reached_downstream_pipeline_trigger_rate_limit",
)  # fmt: skip


def _blameless(reason: str) -> bool:
    world = World()
    world.provider.ends_as = RunStatus.FAILED
    world.provider.listed = [
        Job(7, "build", "", "success", "", False, False, "", result=JobResult.SUCCEEDED),  # noqa: FBT003
        Job(8, "test", "", "failed", reason, False, False, "", result=JobResult.FAILED),  # noqa: FBT003
    ]
    ending = world.settle(world.call().record.call_hash).ending
    assert ending is not None
    return ending.blameless


@pytest.mark.parametrize("reason", [*NEWER, *NOT_GIVEN, *TRIGGERS])
def test_l12_a_job_that_gitlab_did_not_run_to_its_end_is_no_buyers_failed_run(reason: str) -> None:
    assert _blameless(reason)


@pytest.mark.parametrize("reason", BUYERS)
def test_l12_what_a_buyer_may_have_done_is_not_free(reason: str) -> None:
    assert not _blameless(reason)
