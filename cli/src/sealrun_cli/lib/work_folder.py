"""``.sealrun``: the folder of what the command keeps beside an offer, which git ignores as a whole."""

from pathlib import Path

WORK = Path(".sealrun")


def work_folder(folder: Path) -> Path:
    """The folder's ``.sealrun``, made if there is none, with a .gitignore of its own."""
    work = folder / WORK
    work.mkdir(mode=0o700, exist_ok=True)
    (work / ".gitignore").write_text("*\n", encoding="utf-8")
    return work
