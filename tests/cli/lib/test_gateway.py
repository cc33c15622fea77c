"""What one verification takes from an IPFS gateway, which may be anybody's."""

import hashlib

import httpx
import pytest

from sealrun.errors import Malformed
from sealrun.evidence.leaves import Kind, Leaf
from sealrun_cli.lib.gateway import Allowance, GatewayFolder
from sealrun_cli.lib.service import Service
from tests.sealrun.folder import MemoryFolder

BODY = b"x" * 60


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def folder(clock: Clock, *, bytes_left: int = 1000) -> GatewayFolder:
    """Three items that the folder lacks; each answer of the gateway takes 10 s."""

    def answer(_request: httpx.Request) -> httpx.Response:
        clock.now += 10
        return httpx.Response(200, content=BODY)

    leaf = Leaf(0, Kind.OUTPUT, "x", hashlib.sha256(BODY).hexdigest(), len(BODY), "0" * 62)
    missing = {f"outputs/{n}": (f"bafy{n}", leaf) for n in range(3)}
    service = Service(httpx.Client(transport=httpx.MockTransport(answer)))
    allowance = Allowance(bytes_left=bytes_left, seconds=15, clock=clock)
    return GatewayFolder(MemoryFolder(), service, "https://gateway.example", missing, allowance)


def test_e6_a_gateway_gives_no_more_bytes_in_all_than_are_measured_of_a_folder() -> None:
    clock = Clock()
    made = folder(clock, bytes_left=100)
    assert made.measure("outputs/0").size == len(BODY)
    with pytest.raises(Malformed, match=r"gateway: expected at most .* in all, got more"):
        made.measure("outputs/1")


def test_e6_a_gateway_takes_no_longer_in_all_than_a_verification_may() -> None:
    clock = Clock()
    made = folder(clock)
    assert made.measure("outputs/0").size == len(BODY)
    with pytest.raises(Malformed, match="gateway: expected all within 15 s"):
        made.measure("outputs/1")
    waited = clock.now
    with pytest.raises(Malformed, match="gateway: expected all within 15 s"):
        made.measure("outputs/2")
    assert clock.now == waited, "nothing more is asked for"
