"""All that is known of Forgejo (experimental)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealrun.ports.provider import Provider
from sealrun.providers.forgejo.rules import RULES
from sealrun.providers.kind import Kind, Opening, PipelineWords

if TYPE_CHECKING:
    from sealrun.providers.pipeline import Pipeline


def _open(opening: Opening) -> Provider:
    from sealrun.providers.forgejo.client import Forgejo  # noqa: PLC0415  most functions need none

    source = opening.source
    return Forgejo(
        opening.client(opening.files_from),
        origin=source.url,
        project=source.project,
        workflow=source.workflow,
        ref=source.ref,
        token=opening.token,
        extra_origins=opening.files_from,
    )


def _read_pipeline(documents: Sequence[Mapping[str, Any]]) -> "Pipeline":
    from sealrun.providers.github.pipeline_file import read_pipeline  # noqa: PLC0415  Forgejo runs GitHub's workflows

    # Jobs of matrices and of other files have other names here than at GitHub, and in each release.
    return read_pipeline(documents)._replace(spread={}, more_jobs=True)


KIND = Kind(
    rules=RULES,
    open=_open,
    deliveries=None,
    read_pipeline=_read_pipeline,
    pipeline=PipelineWords(
        run_name=r"(?s).*",  # runs are found by their inputs
        run_name_advice="",
        no_cancel_advice="group: job-${{ github.run_id }} under concurrency",
        start_advice="add `on: {workflow_dispatch: {inputs: ...}}` to the workflow",
        file="workflow",
        call_advice="add `sealrun_call: {type: string, required: true}` to the workflow's inputs",
        string_advice="make it `type: choice` with `options:`",
        call_regex=False,
    ),
    credential_advice="make a token with the scope write:repository",
    terms="ask whoever runs the Forgejo whether runs on its runners may be sold",
    api_path="/api/v1",
)
