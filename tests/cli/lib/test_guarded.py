"""The client for addresses that strangers named, beside what the guarded client's own tests show."""

import time
from typing import Any

import httpx
import pytest

from sealrun_cli.lib.guarded import open_public
from tests.cli.web import Asked, web


def test_l11_it_waits_as_long_as_its_caller_says() -> None:
    def late(_: Asked) -> tuple[int, Any]:
        time.sleep(1)
        return 200, {}

    with web({"GET /late": late}) as site, open_public([site.url], unsafe_loopback=False) as http:
        assert http.get(f"{site.url}/late", timeout=30).status_code == httpx.codes.OK
        with pytest.raises(httpx.ConnectError):
            http.get(f"{site.url}/late", timeout=0.3)
