"""A catalogue's files: each is replaced in one step, in a folder that may hold anything (E7)."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun_cli.lib import catalogue_files
from sealrun_cli.lib.catalogue_files import read_app, within_bounds, write_catalogue
from sealrun_cli.lib.errors import CliError
from tests.sealrun.board.test_catalogue_page import catalogue, entry

PAGE = "<html><head><title>x</title></head><body><noscript>Needs it.</noscript></body></html>"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "app-0123ABCD.js").write_text("one")
    (folder / "app-0123ABCE.css").write_text("two")
    (folder / "app-secret.txt").write_text("no part of it")
    return folder


def test_without_the_page_the_html_stands_at_the_root(tmp_path: Path) -> None:
    sizes = write_catalogue(tmp_path / "to", catalogue(entry()), {})
    assert set(sizes) == {"catalogue.json", "catalogue.html", "index.html"}
    assert (tmp_path / "to" / "catalogue.json").read_bytes() == canonical(catalogue(entry()))
    html = (tmp_path / "to" / "index.html").read_text()
    assert html == (tmp_path / "to" / "catalogue.html").read_text()
    assert 'href="https://ci.example/offers/' in html
    assert sizes["index.html"] == len(html.encode())


def test_the_page_names_the_catalogue_and_old_parts_go(tmp_path: Path, built: Path) -> None:
    to = tmp_path / "to"
    to.mkdir()
    for name in ("app-OLDOLDOL.js", "app-notes.txt", "CNAME"):
        (to / name).write_text("mine")
    write_catalogue(to, catalogue(entry()), read_app(built))
    names = {path.name for path in to.iterdir()}
    parts = {"app-0123ABCD.js", "app-0123ABCE.css"}
    assert names == {"CNAME", "app-notes.txt", "catalogue.html", "catalogue.json", "index.html"} | parts
    page = (to / "index.html").read_text()
    assert '<meta name="sealrun:catalogue" content="catalogue.json" />' in page
    assert '<noscript>Needs it. <a href="catalogue.html">' in page
    assert 'href="index.html#/https://ci.example/offers/' in (to / "catalogue.html").read_text()


@pytest.mark.parametrize("name", ["catalogue.json", "index.html", "catalogue.html", "app-0123ABCD.js"])
def test_e7_nothing_is_written_through_a_link(tmp_path: Path, built: Path, name: str) -> None:
    to, outside = tmp_path / "to", tmp_path / "outside"
    to.mkdir()
    outside.write_text("mine")
    (to / name).symlink_to(outside)
    with pytest.raises(CliError, match="expected a plain file or nothing yet"):
        write_catalogue(to, catalogue(entry()), read_app(built))
    assert outside.read_text() == "mine"
    assert [path.name for path in to.iterdir()] == [name], "nor is half a catalogue"


def test_e7_a_link_with_the_name_of_an_old_part_is_left_alone(tmp_path: Path, built: Path) -> None:
    to, outside = tmp_path / "to", tmp_path / "outside"
    to.mkdir()
    outside.write_text("mine")
    (to / "app-OLDOLDOL.js").symlink_to(outside)
    write_catalogue(to, catalogue(), read_app(built))
    assert (to / "app-OLDOLDOL.js").is_symlink()
    assert outside.read_text() == "mine"


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "to" / "catalogue.json").mkdir(parents=True)
    with pytest.raises(CliError, match="expected a plain file"):
        write_catalogue(tmp_path / "to", catalogue(), {})


@pytest.mark.parametrize("change", ["index.html", "parts", "twice", "large", "head"])
def test_a_folder_without_the_built_page_is_refused(built: Path, change: str) -> None:
    if change == "index.html":
        (built / "index.html").unlink()
    elif change == "parts":
        for part in built.glob("app-0*"):
            part.unlink()
    elif change == "twice":
        (built / "index.html").write_text(PAGE.replace("<title>", '<meta name="sealrun:catalogue" /><title>'))
    elif change == "large":
        (built / "app-0123ABCD.js").write_bytes(b"x" * (catalogue_files.MAX_PART_BYTES + 1))
    else:
        (built / "index.html").write_text("<html></html>")
    with pytest.raises(CliError) as refused:
        read_app(built)
    assert "npm run build" in refused.value.following


def test_a_catalogue_that_no_page_would_read_is_cut_and_says_so(monkeypatch: Any) -> None:
    small = catalogue(entry(), entry())
    assert within_bounds(small) == small
    monkeypatch.setattr(catalogue_files, "MAX_BYTES", 3 * len(canonical(entry())) + 3)
    cut = within_bounds(catalogue(*[entry()] * 10_000))
    assert len(cut["entries"]) == 3
    assert cut["failed"] == {"signature": 1, "size": 9997}
    assert json.loads(canonical(cut)) == cut


def test_a18_long_entries_that_come_first_push_no_short_one_out(monkeypatch: Any) -> None:
    long, short = entry(title="!", inputs=[{"name": "a" * 9000}]), entry(title="z")
    monkeypatch.setattr(catalogue_files, "MAX_BYTES", 2 * len(canonical(long)))
    cut = within_bounds(catalogue(*[long] * 5, short))
    assert [each["title"] for each in cut["entries"]] == ["!", "z"]
