"""Pictures of a profile: the same bytes for the same stacks, right by somebody else's schema and renderer."""

import colorsys
import hashlib
import json
import re
import struct
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest
import resvg_py
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from sealrun.evidence.call_stacks import folded
from sealrun_cli.lib import call_stacks
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.flame_graph import ALL, ROW, Box, boxes, flame_graph
from sealrun_cli.lib.speedscope import speedscope
from sealrun_cli.main import app

STACKS = {
    ("sh", "python3", "main (x.py)", "f (x.py)"): 30,
    ("sh", "python3", "main (x.py)", "g (x.py)"): 50,
    ("sh", "python3", "main (x.py)"): 10,
    ("sh", "w", "step (w)", "do_syscall_64 (kernel)"): 10,
}
SCHEMA = json.loads((Path(__file__).parents[2] / "vectors" / "speedscope.schema.json").read_text())
SVG = "{http://www.w3.org/2000/svg}"
# Any names that a stranger's folded text can hold: no control character below the space, no semicolon.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_characters=";", exclude_categories=["Cs"]), min_size=1
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ANY_STACKS = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=4).map(tuple), st.integers(1, 10**6), max_size=6
)


def test_boxes_cover_the_samples_that_share_a_frame() -> None:
    assert set(boxes(STACKS)) == {
        Box(0, ALL, 0, 100),
        Box(1, "sh", 0, 100),
        Box(2, "python3", 0, 90),
        Box(3, "main (x.py)", 0, 90),
        Box(4, "f (x.py)", 10, 40),
        Box(4, "g (x.py)", 40, 90),
        Box(2, "w", 90, 100),
        Box(3, "step (w)", 90, 100),
        Box(4, "do_syscall_64 (kernel)", 90, 100),
    }


@given(ANY_STACKS)
def test_own_samples_and_children_fill_every_box(stacks: dict[tuple[str, ...], int]) -> None:
    found = list(boxes(stacks))
    for depth in range(5):
        own = sum(count for frames, count in stacks.items() if len(frames) == depth)
        here = sum(box.end - box.start for box in found if box.depth == depth)
        assert here == own + sum(box.end - box.start for box in found if box.depth == depth + 1)


@given(ANY_STACKS, TEXTS)
def test_any_names_are_well_formed_xml_and_fit_the_schema(
    stacks: dict[tuple[str, ...], int], title: str
) -> None:
    ET.fromstring(flame_graph(stacks, title))  # noqa: S314  our own text
    jsonschema_rs.validate(SCHEMA, json.loads(speedscope(stacks, title)))


def test_a_name_cannot_become_markup_nor_turn_around() -> None:
    svg = flame_graph({("<script>alert(1)</script>\u202e",): 1}, '"><x>')
    root = ET.fromstring(svg)  # noqa: S314  our own text
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "title",
        "style",
        "rect",
        "text",
        "g",
    }
    assert "\u202e" not in svg


def test_the_same_stacks_in_another_order_are_the_same_bytes() -> None:
    turned = dict(reversed(STACKS.items()))
    assert flame_graph(turned, "t") == flame_graph(STACKS, "t")
    assert speedscope(turned, "t") == speedscope(STACKS, "t")
    # Fixed here, so that a change of the picture is seen to be one.
    assert hashlib.sha256(flame_graph(STACKS, "t").encode()).hexdigest()[:16] == "cff4d75214ff7c23"
    assert hashlib.sha256(speedscope(STACKS, "t")).hexdigest()[:16] == "36abd3a70096a0ac"


def test_another_renderer_draws_the_boxes_where_they_belong() -> None:
    """resvg, in Rust, which nobody here wrote: the pixel in each box has the colour that its rect names."""
    svg = flame_graph(STACKS, "t")
    width, pixels = png(bytes(resvg_py.svg_to_bytes(svg_string=svg)))
    root = ET.fromstring(svg)  # noqa: S314  our own text
    seen = set()
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x = int(float(rect.attrib["x"]) + float(rect.attrib["width"])) - 4
        y = int(rect.attrib["y"]) + ROW - 5
        assert pixels[y * width + x] == pytest.approx(colour(rect.attrib["fill"]), abs=1)
        seen.add(rect.attrib["fill"])
    assert pixels[30 * width + width // 2] == colour("#fffdf8")
    assert len(seen) == 9


def colour(text: str) -> tuple[int, ...]:
    """Red, green and blue of ``#rrggbb`` or ``hsl(h,s%,l%)``."""
    if text.startswith("#"):
        return tuple(bytes.fromhex(text[1:]))
    hue, saturation, lightness = (float(part) for part in re.findall(r"[0-9]+", text))
    return tuple(
        round(255 * part) for part in colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    )


def png(image: bytes) -> tuple[int, list[tuple[int, ...]]]:
    """Width and pixels of an 8-bit RGBA image, by the five filters of https://www.w3.org/TR/png-3/#9Filters."""
    width, height, depth, kind = struct.unpack(">IIBB", image[16:26])
    assert (image[:8], depth, kind) == (b"\x89PNG\r\n\x1a\n", 8, 6)
    data, at = b"", 8
    while at < len(image):
        length, name = struct.unpack(">I4s", image[at : at + 8])
        data += image[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    raw, rows, above = zlib.decompress(data), bytearray(), bytearray(4 * width)
    for y in range(height):
        start = y * (4 * width + 1)
        row = bytearray(raw[start + 1 : start + 1 + 4 * width])
        for i in range(4 * width):
            left, corner = (row[i - 4], above[i - 4]) if i >= 4 else (0, 0)
            row[i] = (row[i] + predicted(raw[start], left, above[i], corner)) & 255
        rows += row
        above = row
    return width, [tuple(rows[at : at + 3]) for at in range(0, len(rows), 4)]


def predicted(kind: int, left: int, up: int, corner: int) -> int:
    near = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
    return (0, left, up, (left + up) // 2, near)[kind]


def test_the_command_draws_a_file(tmp_path: Path) -> None:
    (tmp_path / "profile.folded").write_bytes(folded(STACKS))
    told = run(tmp_path / "profile.folded", "--svg", tmp_path / "a.svg", "--speedscope", tmp_path / "a.json")
    assert told == {
        "samples": 100,
        "hottest": {"g (x.py)": 50, "f (x.py)": 30, "do_syscall_64 (kernel)": 10, "main (x.py)": 10},
    }
    assert (tmp_path / "a.svg").read_text() == flame_graph(STACKS, "100 samples")
    written = json.loads((tmp_path / "a.json").read_text())
    assert written["shared"]["frames"][1] == {"name": "f", "file": "x.py"}
    assert written["profiles"][0]["weights"] == [10, 30, 50, 10]


def test_the_command_takes_a_folders_own_stacks_rather_than_the_public_ones(tmp_path: Path) -> None:
    own = tmp_path / "profile" / "build" / "sealrun-profile"
    own.mkdir(parents=True)
    (own.parent / "profile.public.folded").write_bytes(folded({("[black box]",): 100}))
    assert run(tmp_path)["hottest"] == {"[black box]": 100}
    (own / "profile.folded").write_bytes(folded(STACKS))
    assert run(tmp_path)["hottest"]["g (x.py)"] == 50


def test_several_jobs_stand_each_under_its_name(tmp_path: Path) -> None:
    for job in ("build", "check"):
        (tmp_path / "profile" / job).mkdir(parents=True)
        (tmp_path / "profile" / job / "profile.public.folded").write_bytes(folded(STACKS))
    run(tmp_path, "--svg", tmp_path / "a.svg")
    assert "<title>check: 100 of 200 samples, 50.0 %</title>" in (tmp_path / "a.svg").read_text()


def test_stacks_of_many_jobs_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_stacks, "MAX_TOTAL_BYTES", 2 * len(folded(STACKS)))
    for job in ("a", "b", "c"):
        run(tmp_path) if job == "c" else None
        (tmp_path / "profile" / job).mkdir(parents=True)
        (tmp_path / "profile" / job / "profile.public.folded").write_bytes(folded(STACKS))
    with pytest.raises(CliError, match="bytes in all, got"):
        call_stacks.read_stacks(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"), [(None, "got none"), ("not folded\n", "expected frames joined by ;")]
)
def test_what_cannot_be_drawn_is_said(tmp_path: Path, text: str | None, says: str) -> None:
    source = tmp_path / "profile.folded" if text else tmp_path
    if text:
        source.write_text(text)
    done = CliRunner().invoke(app, ["profile", str(source), "--json"])
    assert done.exit_code == 1
    assert says in json.loads(done.stdout)["error"]["detail"]


def run(*words: object) -> dict[str, dict[str, int]]:
    done = CliRunner().invoke(app, ["profile", *map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    told: dict[str, dict[str, int]] = json.loads(done.stdout)
    return told


def _planted(folder: Path, outside: Path) -> dict[str, Path]:
    """Links in somebody's evidence folder, by what they are: places for a picture that lead elsewhere."""
    (folder / "file.svg").symlink_to(outside)
    (folder / "new.svg").symlink_to(outside.parent / "new")
    (folder / "pictures").symlink_to(outside.parent)
    return {"file": folder / "file.svg", "new": folder / "new.svg", "way": folder / "pictures" / "outside"}


@pytest.mark.parametrize("link", ["file", "new", "way"])
@pytest.mark.parametrize("option", ["--svg", "--speedscope"])
def test_e7_no_picture_is_written_through_a_link(tmp_path: Path, link: str, option: str) -> None:
    folder, outside = tmp_path / "evidence", tmp_path / "outside"
    (folder / "profile" / "build").mkdir(parents=True)
    (folder / "profile" / "build" / "profile.public.folded").write_bytes(folded(STACKS))
    outside.write_text("mine")
    place = _planted(folder, outside)[link]
    done = CliRunner().invoke(app, ["profile", str(folder), option, str(place)])
    assert done.exit_code == 1
    assert "got a link on the way" in done.stderr or "got something else" in done.stderr
    assert outside.read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"evidence", "outside"}


def test_a_picture_is_written_over_an_older_one(tmp_path: Path) -> None:
    (tmp_path / "profile.folded").write_bytes(folded(STACKS))
    (tmp_path / "a.svg").write_text("older")
    run(tmp_path / "profile.folded", "--svg", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    assert {path.name for path in tmp_path.iterdir()} == {"profile.folded", "a.svg"}
