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
