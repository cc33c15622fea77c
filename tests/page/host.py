"""The built page on a static host of its own."""

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from local.page import build_page

# The page runs under any path of any host, so not under the root of one.
PATH = "some/where"


class Quiet(SimpleHTTPRequestHandler):
    """A static host."""

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


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
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{PATH}/"
        server.shutdown()
