"""``.sealrun``: the folder of what the command keeps beside an offer, which git ignores as a whole."""

from pathlib import Path

from sealrun_cli.lib.errors import CliError

WORK = Path(".sealrun")
EVERYTHING = b"*\n"


def work_folder(folder: Path) -> Path:
    """The folder's ``.sealrun``, made if there is none, with a .gitignore of its own.

    Raises:
        CliError: see ``check_no_links``.
    """
    check_no_links(folder)
    work = folder / WORK
    work.mkdir(mode=0o700, exist_ok=True)
    ignored = work / ".gitignore"
    if not ignored.exists() or ignored.read_bytes() != EVERYTHING:
        ignored.write_bytes(EVERYTHING)
    return work


def check_no_links(folder: Path) -> None:
    """Nothing in ``.sealrun``, and in its folders, leads elsewhere.

    A repository that was cloned may bring a link, and what is written here would go wherever it leads (E7).

    Raises:
        CliError: there is a link.
    """
    work = folder / WORK
    inside = [*work.iterdir()] if work.is_dir() and not work.is_symlink() else []
    deeper = [each for path in inside if path.is_dir() and not path.is_symlink() for each in path.iterdir()]
    for path in (work, *inside, *deeper):
        if path.is_symlink():
            raise CliError("file", f"{path}: expected a plain file or folder, got a link", "remove it")
