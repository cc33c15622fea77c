"""The digest over a run's outputs: coreutils, the library and the probe compute the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealrun.errors import Malformed
from sealrun.evidence.outputs_digest import outputs_digest, outputs_list
from sealrun_probe import done
from tests.vectors.make_outputs import FILE, digest_of

VECTORS = json.loads(FILE.read_text())
CALL = "ab" * 32


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{len(vector['files'])} files")
def test_coreutils_the_library_and_the_probe_agree(
    vector: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in vector["texts"].items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    assert digest_of(vector["texts"]) == vector["digest"]
    assert outputs_digest(vector["files"]) == vector["digest"]
    assert done.outputs_digest(Path("out")) == vector["digest"]


def test_the_list_is_what_sha256sum_prints() -> None:
    digest = "cd" * 32
    assert outputs_list({"out/b": digest, "out/a": digest}) == f"{digest}  out/a\n{digest}  out/b\n".encode()


def test_a_path_that_could_end_a_line_is_no_path() -> None:
    for name in ("out/a\nb", "../a", "out//a", "out\\a"):
        with pytest.raises(Malformed, match="label: expected"):
            outputs_digest({name: "cd" * 32})
    with pytest.raises(ValueError, match="at least one file"):
        outputs_digest({})


def _link(folder: Path) -> None:
    (folder / "out" / "link").symlink_to(folder / "out" / "a")


def _newline(folder: Path) -> None:
    (folder / "out" / "a\nb").write_text("x")


def _backslash(folder: Path) -> None:
    (folder / "out" / "a\\b").write_text("x")


def _empty(folder: Path) -> None:
    (folder / "out" / "a").unlink()


@pytest.mark.parametrize(
    ("change", "outputs", "text"),
    [
        (_link, "out", "expected files, got a link"),
        (_newline, "out", "printable text without a backslash"),
        (_backslash, "out", "printable text without a backslash"),
        (_empty, "out", "expected a file in out, got none"),
        (str, "none", "expected a folder none, got none"),
        (str, "/etc", "expected a folder below this one"),
        (str, "../out", "expected a folder below this one"),
        (str, ".", "expected a folder below this one"),
    ],
)
def test_a_folder_whose_files_evidence_cannot_have_is_refused(
    change: Any, outputs: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("x")
    change(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(done.Refused, match=text):
        done.outputs_digest(Path(outputs))


@pytest.mark.parametrize(
    ("call", "image"),
    [("AB" * 32, "alpine:3"), ("ab", "alpine:3"), (CALL, 'x"'), (CALL, "$IMAGE"), (CALL, "")],
)
def test_call_and_image_go_into_the_childs_file_in_their_own_form_only(
    call: str, image: str, tmp_path: Path
) -> None:
    with pytest.raises(done.Refused, match=r"call|image"):
        done.write_child(tmp_path, call=call, outputs=Path("out"), image=image)
    assert not (tmp_path / done.CHILD).exists()
