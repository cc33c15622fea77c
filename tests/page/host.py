"""The built page on a static host of its own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.hosting import hosting
from local.page import build_page

# The page runs under any path of any host, so not under the root of one.
PATH = "some/where"


@contextmanager
def static_page(folder: Path, *nodes: str) -> Iterator[str]:
    """The page on a host of its own; its address. ``SEALRUN_PAGE`` may name a folder with another build.

    Each of ``nodes`` is ``NETWORK=URL``, which the host adds to the document as an operator does.
    """
    target = folder / PATH
    if built := os.environ.get("SEALRUN_PAGE"):
        shutil.copytree(built, target)
    else:
        build_page(target)
    document = target / "index.html"
    added = "".join(f'<meta name="sealrun:node" content="{node}" />' for node in nodes)
    document.write_text(document.read_text().replace("</head>", f"{added}</head>"))
    with hosting(folder) as url:
        yield f"{url}/{PATH}/"
