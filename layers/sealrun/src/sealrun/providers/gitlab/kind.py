"""All that is known of GitLab."""

from sealrun.ports.deliveries import Deliveries
from sealrun.ports.provider import Provider
from sealrun.providers.gitlab.pipeline_file import read_pipeline
from sealrun.providers.gitlab.rules import RULES
from sealrun.providers.kind import Kind, Opening, PipelineWords


def _open(opening: Opening) -> Provider:
    from sealrun.providers.gitlab.client import GitLab  # noqa: PLC0415  httpx is heavy, most calls need none

    source = opening.source
    return GitLab(
        opening.client(opening.files_from),
        origin=source.url,
        project=source.project,
        ref=source.ref,
        token=opening.token,
        extra_origins=opening.files_from,
    )


def _deliveries() -> Deliveries:
    from sealrun.providers.gitlab.webhook import GitLabDeliveries  # noqa: PLC0415

    return GitLabDeliveries()


KIND = Kind(
    rules=RULES,
    open=_open,
    deliveries=_deliveries,
    read_pipeline=read_pipeline,
    pipeline=PipelineWords(
        run_name=r"sealrun \$\[\[ *inputs\.sealrun_call *\]\]",
        run_name_advice='workflow: {name: "sealrun $[[ inputs.sealrun_call ]]"}',
        no_cancel_advice="workflow: {auto_cancel: {on_new_commit: none}}",
        start_advice="declare the input sealrun_call under `spec: inputs:`",
        file="pipeline",
        call_advice="add `sealrun_call:` with `regex: ^[0-9a-f]{64}$` to the pipeline's inputs",
        string_advice="add `regex: ^...$` or `options:` to it",
        call_regex=True,
        default_path=".gitlab-ci.yml",
    ),
    credential_advice="make a project access token: role Maintainer, scope api, 90 days",
    set_up="set_up_gitlab",
    terms="sell runs on runners of your own, or on GitLab's where your plan allows it",
    api_path="/api/v4",
)
