"""``.sealrun``: the folder of what the command keeps beside an offer, which git ignores as a whole."""

from pathlib import Path

from sealrun_cli.lib.errors import CliError

WORK = Path(".sealrun")


def work_folder(folder: Path) -> Path:
    """The folder's ``.sealrun``, made if there is none, with a .gitignore of its own.

    Raises:
        CliError: it, or something in it, is a link. A repository that was cloned may bring one, and what is
            written here would go wherever it leads (E7).
    """
    work = folder / WORK
    for path in (work, *(work.iterdir() if work.is_dir() else ())):
        if path.is_symlink():
            raise CliError("file", f"{path}: expected a plain file or folder, got a link", "remove it")
    work.mkdir(mode=0o700, exist_ok=True)
    (work / ".gitignore").write_text("*\n", encoding="utf-8")
    return work
