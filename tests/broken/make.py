"""Write what each broken folder has otherwise than the good one: ``python -m tests.broken.make``.

``good/`` is whole, and is kept as it was made: a receipt that was handed out once must hold for ever. With
``--good`` it is made anew by the workflows, for a format that replaces the old one. A folder that bears
a fault's name holds the files that differ from the good ones, and a file REMOVED with the names of those that
are not there. Keys and times are fixed, so the bytes are as well.
"""

import shutil
import sys
from pathlib import Path

from tests.broken.by_the_oracle import BY_THE_ORACLE
from tests.broken.handed_on import HANDED_ON
from tests.broken.sale import GOOD, Files, Sale, good_sale, sale_of, sold

HERE = GOOD.parent
REMOVED = "REMOVED"
FAULTS = [*HANDED_ON, *BY_THE_ORACLE]


def made(sale: Sale) -> dict[str, Files]:
    """Every folder's files, by the fault's name."""
    good = sale.folder()
    return {"good": good, **{fault.name: _other(good, fault.make(sale, good)) for fault in FAULTS}}


def kept(name: str) -> Files:
    """The files that are kept under a name."""
    folder = HERE / name
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def whole(name: str) -> Files:
    """A broken folder as somebody would get it."""
    other = kept(name)
    removed = other.pop(REMOVED, b"").decode().split("\n")
    return {file: data for file, data in {**kept("good"), **other}.items() if file not in removed}


def write(files: Files, folder: Path) -> None:
    """The files in a folder on disk."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _other(good: Files, files: Files) -> Files:
    removed = "\n".join(sorted(set(good) - set(files)))
    other = {name: data for name, data in files.items() if good.get(name) != data}
    return other | ({REMOVED: removed.encode()} if removed else {})


if __name__ == "__main__":
    found = sale_of(*sold()) if "--good" in sys.argv else good_sale()
    folders = made(found)
    shutil.rmtree(HERE, ignore_errors=True)
    for each, content in folders.items():
        write(content, HERE / each)
