"""Layers are the same bytes wherever and whenever they are built, and they work."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.layers import LAYERS, ROOT, build_layers, unpacked
from infra.target import LAMBDA


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


@pytest.mark.peers
def test_layers_for_lambda_hold_arm64_code_and_the_bytecode_of_its_python_from_any_machine(
    tmp_path: Path,
) -> None:
    build_layers(LAYERS, tmp_path, target=LAMBDA)
    compiled, machines = set(), set()
    for name in LAYERS:
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as archive:
            for member in archive.namelist():
                head = archive.open(member).read(20)
                if member.endswith(".pyc"):
                    compiled.add((member.split(".")[-2], head[4:8].hex()))
                if head.startswith(b"\x7fELF"):
                    machines.add(int.from_bytes(head[18:20], "little"))
    assert machines == {0xB7}, "EM_AARCH64"
    # Where no Python 3.13 is at hand the layers hold sources alone, and the command says so.
    assert compiled == ({("cpython-313", "01000000")} if LAMBDA.interpreter() else set())
