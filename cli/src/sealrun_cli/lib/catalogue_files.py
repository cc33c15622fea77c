"""The files of a catalogue, for any static host: the document, its HTML, and perhaps the buyer's page.

Each file is replaced in one step, a part before what names it, and nothing is written through a link.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sealrun.adapters.files.plain_files import read_plain, write_plain
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed
from sealrun.market.catalogue_page import catalogue_page
from sealrun_cli.lib.errors import CliError

DOCUMENT, HTML, APP = "catalogue.json", "catalogue.html", "index.html"
# The page reads a catalogue of up to 32 MiB and 20,000 entries.
MAX_BYTES, MAX_ENTRIES = 31 << 20, 20_000
# What `npm run build -w @sealrun/web` writes: names with a digest of their contents.
_PART = re.compile(r"app-(?:[0-9a-f]{16}|[0-9A-Z]{8})\.(?:js|css)")
MAX_PART_BYTES, MAX_PARTS = 4 << 20, 100
_META = f'<meta name="sealrun:catalogue" content="{DOCUMENT}" />'
_WITHOUT = f' <a href="{HTML}">The catalogue</a> needs none.</noscript>'


def within_bounds(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with as many entries as the page reads; the others are counted as ``size``.

    The largest ones are left out: long entries whose titles come first push nobody's short one out.
    """
    entries = document["entries"]
    sizes = [len(canonical(entry)) + 1 for entry in entries]
    left, kept = MAX_BYTES, []
    for at in sorted(range(len(entries)), key=lambda at: sizes[at])[:MAX_ENTRIES]:
        left -= sizes[at]
        if left < 0:
            break
        kept.append(at)
    if out := len(entries) - len(kept):
        shown = [entries[at] for at in sorted(kept)]
        return {**document, "entries": shown, "failed": {**document["failed"], "size": out}}
    return dict(document)


def read_app(folder: Path) -> dict[str, bytes]:
    """The built page's files, its document last, which names the catalogue.

    Raises:
        CliError: the folder holds no built page.
    """
    following = "build it: npm run build -w @sealrun/web"
    parts = sorted(path for path in folder.glob("app-*") if _PART.fullmatch(path.name))
    if not (folder / APP).is_file() or not parts or len(parts) > MAX_PARTS:
        raise CliError("file", f"{folder}: expected the built page, got no {APP} with its parts", following)
    files = {path.name: read_plain(path, at_most=MAX_PART_BYTES) for path in [*parts, folder / APP]}
    if long := [name for name, data in files.items() if len(data) > MAX_PART_BYTES]:
        raise CliError("file", f"{long[0]}: expected at most {MAX_PART_BYTES} bytes, got more", following)
    page = files[APP].decode("utf-8", "replace")
    if "sealrun:catalogue" in page or page.count("</head>") != 1:
        raise CliError("file", f"{folder / APP}: expected the page as it was built, got another", following)
    named = page.replace("</head>", f"{_META}\n  </head>").replace("</noscript>", _WITHOUT)
    return {**files, APP: named.encode()}


def write_catalogue(folder: Path, document: Mapping[str, Any], app: Mapping[str, bytes]) -> dict[str, int]:
    """Write all files; without an app, the HTML stands at the folder's root too.

    Returns:
        The bytes of each, by name.

    Raises:
        CliError: a link or a folder lies where a file is to be, or the disk does not take it.
    """
    html = catalogue_page(document, app=APP if app else "").encode()
    parts = {name: data for name, data in app.items() if name != APP}
    root = {APP: app.get(APP, html)}
    files = {**parts, DOCUMENT: canonical(dict(document)), HTML: html, **root}
    check_free(folder, files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_plain(folder / name, data, within=folder)
        for old in folder.iterdir():
            if _PART.fullmatch(old.name) and old.name not in files and old.is_file() and not old.is_symlink():
                old.unlink()
    except (OSError, Malformed) as error:
        detail = error.detail if isinstance(error, Malformed) else f"{folder}: expected to write, got {error}"
        raise CliError("file", detail, "name another folder with --to") from error
    return {name: len(data) for name, data in files.items()}


def check_free(folder: Path, names: Iterable[str]) -> None:
    """Before anything is asked or written: nothing but files lies where files are to be.

    Raises:
        CliError: something else does.
    """
    for path in (folder / name for name in names):
        if path.is_symlink() or (path.exists() and not path.is_file()):
            detail = f"{path}: expected a plain file or nothing yet, got something else"
            raise CliError("file", detail, "name another folder with --to")
