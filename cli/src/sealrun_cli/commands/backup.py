"""``sealrun backup``: copy a service's ledger, evidence and key file while it runs."""

import time
from pathlib import Path
from typing import Annotated

import typer

from sealrun_cli.lib import options
from sealrun_cli.lib.backlog import DEFAULT_FOLDER, Proofs
from sealrun_cli.lib.backups import make_backup
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.serving import served_places
from sealrun_cli.lib.target import DEFAULT_NAME, Name


def backup(
    to: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    *,
    folder: options.ServedFolder = None,
    store: options.Store = "",
    evidence: options.EvidencePlace = "",
    keys: options.KeyFile = "",
    proofs: Proofs = DEFAULT_FOLDER,
    stack: Name = DEFAULT_NAME,
    as_json: options.Json = False,
) -> None:
    """Copy a served ledger, its evidence and key file.

    The service may run meanwhile. The passphrase is not in the backup. Evidence in S3 is not copied: the
    bucket keeps versions. What `sealrun prove` and `settle` keep on this machine is copied as well: without
    it an account that proofs settle cannot be settled further.
    """
    with speaking(as_json=as_json) as out:
        kept = served_places(folder, stack, store=store, evidence=evidence, keys=keys)
        copied = make_backup(kept, to, now=int(time.time()), tell=out.progress, proofs=proofs)
        value = {"folder": str(to), "rows": copied.rows, "files": copied.files, "proofs": copied.proofs}
        told = f", {copied.proofs} files of proofs" if copied.proofs else ""
        out.result(value, f"{to}: {copied.rows} rows, {copied.files} files of evidence{told}")
