"""``sealrun restore``: put a backup where a new service finds it."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun_cli.lib import options
from sealrun_cli.lib.backlog import DEFAULT_FOLDER, Proofs
from sealrun_cli.lib.backups import read_about, restore_backup
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.serving import places
from sealrun_cli.lib.target import DEFAULT_NAME, Name
from sealrun_cli.lib.units import when


def restore(
    source: Annotated[Path, typer.Argument(help="A folder of `sealrun backup`.", metavar="DIR")],
    *,
    folder: options.ServedFolder = None,
    store: options.Store = "",
    evidence: options.EvidencePlace = "",
    keys: options.KeyFile = "",
    proofs: Proofs = DEFAULT_FOLDER,
    stack: Name = DEFAULT_NAME,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Put a backup where `sealrun serve` finds it.

    The database must be empty. Open offers are paused, because what was sold since the backup is not in it.
    """
    with speaking(as_json=as_json) as out:
        about = read_about(source)
        made = when(about.made_at)
        kept = places(folder, stack, store=store, evidence=evidence, keys=keys)
        plan = [
            f"restore  the backup of {made} into {kept.folder}",
            "         calls that were taken since then are lost, with the receipts of their runs",
        ]
        if about.proofs:
            plan.append(f"         and {about.proofs} files of a seller's proofs into {proofs}")
        confirm(out, plan, yes=yes)
        kept.make_folder()
        reason = f"restored from the backup of {made}"
        copied = restore_backup(kept, source, reason=reason, tell=out.progress, proofs=proofs)
        value = {
            "folder": str(kept.folder),
            "rows": copied.rows,
            "files": copied.files,
            "proofs": copied.proofs,
        }
        lines = [
            f"restored {copied.rows} rows, {copied.files} files of evidence; open offers are paused",
            f"next     {kept.serve_command}, and for each offer: sealrun resume",
        ]
        out.result(value, *lines)
