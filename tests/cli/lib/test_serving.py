"""``sealrun serve`` writes how it is found, and never over a stack of another kind."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sealrun.adapters.sql.database import Database
from sealrun.composition.settings import Settings
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.serving import Places, places, settings, write_target
from sealrun_cli.lib.target import Target

ON_AWS = Target("s", "https://postgresql.example", "eu-central-1", "sqlite-like", "sqlite:", "7", {})


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Places, Settings, Database]]:
    monkeypatch.chdir(tmp_path)
    where = places(None, "s", store="", evidence="", keys="")
    where.make_folder()
    told = settings(where, {}, url="https://ci.example", nodes=(), archives=())
    with closing(Database(where.store)) as database:
        yield where, told, database


def test_a_service_that_is_started_again_replaces_its_own_file(
    served: tuple[Places, Settings, Database],
) -> None:
    where, told, database = served
    first = write_target("s", where, told, database)
    assert json.loads(first.read_bytes())["table"] == where.store
    assert write_target("s", where, told, database) == first


@pytest.mark.parametrize("words", [None, b"{", b"[]", b'{"url": "sqlite:"}', b"\xff sqlite:"])
def test_a_file_of_another_kind_is_left_whatever_words_it_holds(
    served: tuple[Places, Settings, Database], words: bytes | None
) -> None:
    where, told, database = served
    path = ON_AWS.save(Path())
    if words is not None:
        path.write_bytes(words)
    before = path.read_bytes()
    with pytest.raises(CliError, match="of another kind") as error:
        write_target("s", where, told, database)
    assert error.value.following == "give another --stack"
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "origin", ["https://a.example/", "https://a.example/files", "a.example", "http://a.example"]
)
def test_storage_that_is_no_origin_is_refused_before_the_service_starts(tmp_path: Path, origin: str) -> None:
    """It could open no provider: a call that was taken was neither started nor ended."""
    where = places(tmp_path, "s", store="", evidence="", keys="")
    told = {"SEALRUN_ARTIFACT_ORIGINS": f"https://b.example {origin}"}
    with pytest.raises(ValueError, match="SEALRUN_ARTIFACT_ORIGINS: origin: expected https://"):
        settings(where, told, url="https://ci.example", nodes=(), archives=())


def test_a_private_host_that_would_never_match_is_refused_before_the_service_starts(tmp_path: Path) -> None:
    where = places(tmp_path, "s", store="", evidence="", keys="")
    told = {"SEALRUN_PRIVATE_HOSTS": "ci.corp https://ci.corp"}
    with pytest.raises(ValueError, match="SEALRUN_PRIVATE_HOSTS: private host: expected a name"):
        settings(where, told, url="https://ci.example", nodes=(), archives=())


def test_storage_on_this_machine_is_taken_for_a_sandbox_alone(tmp_path: Path) -> None:
    where = places(tmp_path, "s", store="", evidence="", keys="")
    told = {"SEALRUN_ARTIFACT_ORIGINS": "http://127.0.0.1:9000", "SEALRUN_UNSAFE_LOOPBACK": "1"}
    read = settings(where, told, url="https://ci.example", nodes=(), archives=())
    assert read.artifact_origins == ("http://127.0.0.1:9000",)
