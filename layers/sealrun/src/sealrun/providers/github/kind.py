"""All that is known of GitHub."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sealrun.ports.deliveries import Deliveries
from sealrun.ports.provider import Provider
from sealrun.providers.github.rules import RULES
from sealrun.providers.kind import Kind, Opening, PipelineWords

if TYPE_CHECKING:
    from sealrun.providers.pipeline import Pipeline

# Where logs and artifacts are redirected to. GitHub's list of them (GET /meta, domains.actions_inbound)
# grows; others are named by the operator. No credential goes there, and an artifact's digest is checked.
RESULT_ORIGINS = tuple(f"https://productionresultssa{number}.blob.core.windows.net" for number in range(100))


def api_of(origin: str) -> str:
    """Where the REST API begins: GitHub and its data residency have a host for it, an own server a path.

    https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    return f"{origin}/api/v3" if is_own_server(origin) else origin


def is_own_server(origin: str) -> bool:
    """True for a GitHub Enterprise Server."""
    return not origin.startswith(("https://api.", "http://127.0.0.1:"))  # on loopback stands a peer


# https://docs.github.com/en/rest/about-the-rest-api/breaking-changes: from the newer version on, every start
# is answered with the run's id, and by no other answer.
API_VERSION, OLD_API_VERSION = "2026-03-10", "2022-11-28"


def version_of(origin: str) -> str:
    """The API's version that is asked for: the older one for an own server, whose release is unknown."""
    return OLD_API_VERSION if is_own_server(origin) else API_VERSION


def _open(opening: Opening) -> Provider:
    from sealrun.providers.github.client import GitHub  # noqa: PLC0415  most functions need none

    source, origins = opening.source, (*RESULT_ORIGINS, *opening.files_from)
    return GitHub(
        opening.client(origins),
        origin=source.url,
        project=source.project,
        workflow=source.workflow,
        ref=source.ref,
        token=opening.token,
        extra_origins=origins,
    )


def _deliveries() -> Deliveries:
    from sealrun.providers.github.webhook import GitHubDeliveries  # noqa: PLC0415

    return GitHubDeliveries()


def _read_pipeline(documents: Sequence[Mapping[str, Any]]) -> "Pipeline":
    from sealrun.providers.github.pipeline_file import read_pipeline  # noqa: PLC0415

    return read_pipeline(documents)


KIND = Kind(
    rules=RULES,
    open=_open,
    deliveries=_deliveries,
    read_pipeline=_read_pipeline,
    pipeline=PipelineWords(
        run_name=r"sealrun \$\{\{ *(?:github\.event\.)?inputs\.sealrun_call *\}\}",
        run_name_advice="run-name: sealrun ${{ inputs.sealrun_call }}",
        no_cancel_advice="group: job-${{ github.run_id }} under concurrency",
        start_advice="add `on: {workflow_dispatch: {inputs: ...}}` to the workflow",
        file="workflow",
        call_advice="add `sealrun_call: {type: string, required: true}` to the workflow's inputs",
        string_advice="make it `type: choice` with `options:`",
        call_regex=False,
        job_token="a job with the permission to ask for a CI token",  # noqa: S106  words
        job_token_advice="write permissions: {contents: read, id-token: write} into the workflow",  # noqa: S106  words
    ),
    credential_advice=(
        "make a fine-grained token for this repository alone: Actions read and write, Contents read, 90 days"
    ),
    terms=(
        "GitHub's terms forbid reselling Actions: https://docs.github.com/en/site-policy/github-terms/"
        "github-terms-for-additional-products-and-features#actions\n"
        "Offer what you run on your own runners and have a right to sell, or use another provider."
    ),
    set_up="set_up_github",
    agree=True,
    api="https://api.github.com",
    api_path="/api/v3",
)
