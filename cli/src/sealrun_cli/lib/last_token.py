"""The last job's CI token of one run, taken from the artifacts that its provider keeps."""

import os
from collections.abc import Sequence

from sealrun.adapters.files.archives import unpack_zip
from sealrun.offers.source import Source
from sealrun.providers.gitlab.last_job import STARTS
from sealrun.providers.kind import Opening, kind_of
from sealrun.receipts.job_token import DONE_NAME, MAX_BYTES
from sealrun.transport.http import Client
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import ARTIFACT_ORIGINS, open_guarded

PLACE = f"sealrun-profile/{DONE_NAME}"
# The archive holds the token alone.
MAX_ARCHIVE, MAX_FILES = 1 << 20, 10


def last_token(source: Source, run: int, token: str) -> str:
    """The token.

    Raises:
        CliError: no last job of the run left one.
        ProviderError: the provider refuses, or gives no answer.
    """
    origins = os.environ.get(ARTIFACT_ORIGINS, "").split()

    def client(more: Sequence[str]) -> Client:
        return open_guarded([source.origin, *origins], public=more)

    provider = kind_of(source.provider).open(Opening(source, token, client, origins))
    for job in provider.jobs(run):
        if not job.name.startswith(f"{STARTS}/") or not job.has_artifacts:
            continue
        with provider.artifacts(job.id) as chunks:
            for name, content in unpack_zip(chunks, max_bytes=MAX_ARCHIVE, max_files=MAX_FILES):
                if name == PLACE:
                    return b"".join(content())[:MAX_BYTES].decode("ascii", "replace").strip()
    detail = f"run {run}: expected {PLACE} of its last job, got none"
    raise CliError(
        "token", detail, "see whether the artifacts have expired; without the token there is no proof"
    )
