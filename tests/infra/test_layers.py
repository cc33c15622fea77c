"""Layers are the same bytes wherever and whenever they are built, and they work."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.layers import ROOT, build_layers, unpacked


def build(out: Path, *layers: str, **environment: str) -> bytes:
    """Build in a process of its own and return its SHA256SUMS."""
    named = [part for layer in layers for part in ("--layer", layer)]
    command = [sys.executable, "-m", "infra.layers", "build", *named, "--out", str(out)]
    subprocess.run(
        command, cwd=ROOT, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    return (out / "SHA256SUMS").read_bytes()


def test_own_layers_are_the_same_bytes_at_another_time_zone_and_mask(tmp_path: Path) -> None:
    first = build(tmp_path / "first", "mina", "sealrun")
    mask = os.umask(0o077)
    try:
        assert build(tmp_path / "second", "mina", "sealrun", TZ="Asia/Tokyo", PYTHONHASHSEED="7") == first
    finally:
        os.umask(mask)


@pytest.mark.peers
def test_the_third_party_layer_is_the_same_bytes_twice(tmp_path: Path) -> None:
    assert build(tmp_path / "first", "deps") == build(tmp_path / "second", "deps")


def test_a_layer_depends_on_its_sources(tmp_path: Path) -> None:
    unpacked("mina", tmp_path / "mina")
    names = {path.relative_to(tmp_path / "mina" / "python") for path in (tmp_path / "mina").rglob("*.py")}
    assert Path("mina/poseidon.py") in names


def test_an_archive_carries_bytecode_that_needs_no_look_at_the_source(tmp_path: Path) -> None:
    build_layers(["mina"], tmp_path)
    with zipfile.ZipFile(tmp_path / "mina.zip") as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        flags = {int.from_bytes(archive.read(name)[4:8], "little") for name in compiled}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert compiled
    # PEP 552: bit 0 says hash-based, bit 1 would say that the source is checked
    assert flags == {1}
