"""A clone's mirror, with the directories that earlier commands have hashed."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from mina.field import P
from sealrun.mirror.mirror import Mirror
from sealrun_cli.lib.git_objects import GitObjects
from sealrun_cli.lib.repository import Repository

KEPT = "sealrun-mirror.json"
MAX_KEPT = 64 << 20


@contextmanager
def open_mirror(folder: Path) -> Iterator[Mirror]:
    """The mirror of the clone in this folder. What is hashed meanwhile is kept in the clone's own git folder.

    Raises:
        CliError: git is not installed, or the folder is in no clone.
    """
    kept = Repository(folder).git_folder() / KEPT
    known = _read(kept)
    before = len(known)
    with closing(GitObjects(folder)) as objects:
        yield Mirror(objects, known)
    if len(known) > before:
        fresh = kept.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with fresh.open("x") as file:
            json.dump({tree: str(root) for tree, root in known.items()}, file)
        fresh.replace(kept)


def _read(kept: Path) -> dict[str, int]:
    """What is not of its form is hashed again."""
    try:
        if not kept.is_file() or kept.stat().st_size > MAX_KEPT:
            return {}
        value = json.loads(kept.read_bytes())
        return {str(tree): root for tree, text in value.items() if 0 <= (root := int(text)) < P}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
