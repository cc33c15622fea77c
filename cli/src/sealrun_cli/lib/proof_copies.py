"""Copies what a seller keeps to settle by proofs (``backlog``); proofs of steps can be made again."""

import re
from collections.abc import Iterator
from pathlib import Path

from sealrun.adapters.files.plain_files import read_plain, sync_folder
from sealrun_cli.lib.backlog import FOLD, FOLDS, MAX_FOLD_BYTES, SETTLED, VOUCHER_NAME
from sealrun_cli.lib.errors import CliError

_ACCOUNT = re.compile(r"B62[1-9A-HJ-NP-Za-km-z]{52}")
# What is settled comes first: a settlement that is noted meanwhile stands in the copy's folds at least.
_FILES = (SETTLED, f"{FOLDS}/*.json", FOLD, VOUCHER_NAME, "*.proof.json")


def accounts_in(folder: Path) -> list[Path]:
    """The folders of accounts that proofs settle; none where the folder is not there."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [each for each in found if _ACCOUNT.fullmatch(each.name)]


def check_new(source: Path, target: Path) -> None:
    """The target has no account of the source yet: what is settled is known in one place only.

    Raises:
        CliError: it has one.
    """
    for account in accounts_in(source):
        if (place := target / account.name).exists():
            detail = f"{place}: expected no proofs of this account yet, got some"
            raise CliError("backup", detail, "name a new folder with --proofs, or the backup's own")


def copy_proofs(source: Path, target: Path) -> int:
    """Copy all accounts' folders; how many files they have. What the files say is not checked.

    Raises:
        CliError: a part is a link, or too large, or the target has the account already.
        OSError: a file cannot be read, or the disk does not take it.
    """
    check_new(source, target)
    count = 0
    for account in accounts_in(source):
        for path in _files(account):
            _copy(path, target / account.name / path.relative_to(account))
            count += 1
    return count


def _files(account: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for pattern in _FILES:
        for path in sorted(account.glob(pattern)):
            if path not in seen:
                seen.add(path)
                for part in (account, path.parent, path):
                    if part.is_symlink():
                        raise CliError("backup", f"{part}: expected what `sealrun prove` made, got a link")
                yield path


def _copy(path: Path, to: Path) -> None:
    content = read_plain(path, at_most=MAX_FOLD_BYTES)
    if len(content) > MAX_FOLD_BYTES:
        raise CliError("backup", f"{path}: expected at most {MAX_FOLD_BYTES} bytes, got more")
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    to.touch(mode=0o600, exist_ok=False)
    to.write_bytes(content)
    sync_folder(to.parent)
