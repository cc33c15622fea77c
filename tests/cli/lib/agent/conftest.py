"""The shop that tests of agents buy at."""

from pathlib import Path

import pytest

from tests.cli.lib.agent.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    found = Shop(tmp_path / "state", monkeypatch)
    found.open_account()
    return found
