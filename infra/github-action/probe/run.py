"""Run the step's command under the probe of this checkout. Only the probe gets the CI token."""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "probe" / "src"))

from sealrun_probe.main import main

TOKEN_SECONDS = 30


def token(call: str) -> str:
    """GitHub's token that names this job, with the call as its audience.

    https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
    """
    audience = quote(f"urn:sealrun:call:{call}", safe="")
    url = f"{os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience}"
    bearer = f"Bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"
    asked = Request(url, headers={"Authorization": bearer})  # noqa: S310  the runner's own address
    with urlopen(asked, timeout=TOKEN_SECONDS) as answer:  # noqa: S310  likewise
        return str(json.load(answer)["value"])


# Removed, so that the command sees the job's own environment.
command, sampler, probes, call, out = (
    os.environ.pop(f"SEALRUN_PROBE_{name}") for name in ("COMMAND", "SAMPLER", "PROBES", "CALL", "OUT")
)
if call:
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
        sys.exit("probe: expected the permission id-token: write for a job with a call, got none")
    os.environ["SEALRUN_ID_TOKEN"] = token(call)
order = ["--sampler", sampler] if sampler else []
named = [part for probe in probes.split() for part in ("--probe", probe)]
# As GitHub runs a step's own script under `shell: bash`: it ends at the first command that fails.
shell = ["bash", "-eo", "pipefail", "-c", command]
sys.exit(main(["run", "--out", out, *order, *named, "--", *shell]))
