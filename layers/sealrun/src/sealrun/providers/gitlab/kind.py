"""All that is known of GitLab."""

from dataclasses import replace

from sealrun.ports.deliveries import Deliveries
from sealrun.ports.provider import Provider
from sealrun.providers.gitlab.pipeline_file import read_pipeline, read_with_variables
from sealrun.providers.gitlab.rules import RULES
from sealrun.providers.kind import Form, Kind, Opening, PipelineWords


def _open(opening: Opening) -> Provider:
    from sealrun.providers.gitlab.client import GitLab  # noqa: PLC0415  most functions need none

    source = opening.source
    return GitLab(
        opening.client(opening.files_from),
        origin=source.url,
        project=source.project,
        ref=source.ref,
        token=opening.token,
        extra_origins=opening.files_from,
        use_variables=source.inputs_as == "variables",
    )


def _deliveries() -> Deliveries:
    from sealrun.providers.gitlab.webhook import GitLabDeliveries  # noqa: PLC0415

    return GitLabDeliveries()


_WORDS = PipelineWords(
    run_name=r"sealrun \$\[\[ *inputs\.sealrun_call *\]\]",
    run_name_advice='workflow: {name: "sealrun $[[ inputs.sealrun_call ]]"}',
    no_cancel_advice="workflow: {auto_cancel: {on_new_commit: none}}",
    start_advice="declare the input sealrun_call under `spec: inputs:`",
    file="pipeline",
    call_advice="add `sealrun_call:` with `regex: ^[0-9a-f]{64}$` to the pipeline's inputs",
    string_advice="add `regex: ^...$` or `options:` to it",
    call_regex=True,
    default_path=".gitlab-ci.yml",
)

_VARIABLES = replace(
    _WORDS,
    run_name=r"sealrun (\$sealrun_call|\$\{sealrun_call\})",
    run_name_advice='workflow: {name: "sealrun $sealrun_call"}',
    start_advice="declare sealrun_call under `variables:`",
    call_advice='add `sealrun_call: {value: "", description: the call}` to the pipeline\'s variables',
    string_advice="add `options:` to the variable",
    call_regex=False,
)

KIND = Kind(
    rules=RULES,
    open=_open,
    deliveries=_deliveries,
    read_pipeline=read_pipeline,
    pipeline=_WORDS,
    variables=Form(read_with_variables, _VARIABLES),
    credential_advice="make a project access token: role Maintainer, scope api, 90 days",
    set_up="set_up_gitlab",
    terms="sell runs on runners of your own, or on GitLab's where your plan allows it",
    api_path="/api/v4",
)
