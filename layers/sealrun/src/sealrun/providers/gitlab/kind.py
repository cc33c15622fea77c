"""All that is known of GitLab."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealrun.ports.deliveries import Deliveries
from sealrun.ports.provider import Provider
from sealrun.providers.gitlab.rules import RULES
from sealrun.providers.kind import Form, Kind, Opening, PipelineWords

if TYPE_CHECKING:
    from sealrun.providers.pipeline import Pipeline


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


def _read_pipeline(documents: Sequence[Mapping[str, Any]]) -> "Pipeline":
    from sealrun.providers.gitlab.pipeline_file import read_pipeline  # noqa: PLC0415

    return read_pipeline(documents)


def _read_with_variables(documents: Sequence[Mapping[str, Any]]) -> "Pipeline":
    from sealrun.providers.gitlab.pipeline_file import read_with_variables  # noqa: PLC0415

    return read_with_variables(documents)


_WORDS = PipelineWords(
    run_name=r"sealrun \$\[\[ *inputs\.sealrun_call *\]\]",
    run_name_advice='workflow: {name: "sealrun $[[ inputs.sealrun_call ]]"}',
    no_cancel_advice="workflow: {auto_cancel: {on_new_commit: none}}",
    start_advice="declare the input sealrun_call under `spec: inputs:`",
    file="pipeline",
    call_advice="add `sealrun_call:` with `regex: ^[0-9a-f]{64}$` to the pipeline's inputs",
    string_advice="add `regex: ^...$` or `options:` to it",
    call_regex=True,
    job_token="a job with the id token SEALRUN_ID_TOKEN, made out to the call",  # noqa: S106  words
    job_token_advice=(  # noqa: S106  words
        'write id_tokens: {SEALRUN_ID_TOKEN: {aud: "urn:sealrun:call:$[[ inputs.sealrun_call ]]"}} '
        "into each job that leaves outputs"
    ),
    default_path=".gitlab-ci.yml",
)

_VARIABLES = _WORDS._replace(
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
    read_pipeline=_read_pipeline,
    pipeline=_WORDS,
    variables=Form(_read_with_variables, _VARIABLES),
    credential_advice="make a project access token: role Maintainer, scope api, 90 days",
    set_up="set_up_gitlab",
    terms="sell runs on runners of your own, or on GitLab's where your plan allows it",
    api_path="/api/v4",
)
