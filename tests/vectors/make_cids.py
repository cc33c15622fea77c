"""Writes ``cids.json``: python -m tests.vectors.make_cids. Stops unless both importers agree."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.sealrun.adapters.ipfs.importers import IMPORTERS, ask
from tests.sealrun.adapters.ipfs.samples import FOLDER, SIZES, pattern


def main() -> None:
    """Ask for every size, and for one folder."""
    with tempfile.TemporaryDirectory() as scratch:
        sizes = [*SIZES, *FOLDER.values()]
        paths = {size: Path(scratch, str(size)) for size in sizes}
        for size, path in paths.items():
            path.write_bytes(pattern(size))
        files = {name: str(paths[size]) for name, size in FOLDER.items()}
        wanted: list[dict[str, Any]] = [{"path": str(path)} for path in paths.values()]
        wanted.append({"files": files})
        found = [ask([{"ask": name, **each} for each in wanted]) for name in IMPORTERS]
    if found[0] != found[1]:
        raise SystemExit(f"cids: expected both importers to agree, got {found}")
    cids = {"files": dict(zip(map(str, paths), found[0], strict=False)), "folder": found[0][-1]}
    Path(__file__).with_name("cids.json").write_text(json.dumps(cids, indent=1) + "\n")


if __name__ == "__main__":
    main()
