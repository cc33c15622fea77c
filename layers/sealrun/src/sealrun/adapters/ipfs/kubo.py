"""Pins on a kubo node by its RPC API: https://docs.ipfs.tech/reference/kubo/rpc/#api-v0-dag-import.

``dag/import`` and not ``add``: a node cuts what it adds as its own version and settings have it (kubo before
0.40 has no profile of IPIP-499); a CAR brings the very blocks whose CID is in the evidence.
"""

from collections.abc import Callable, Mapping

from sealrun.adapters.ipfs.form import ask, check_cid, post_car
from sealrun.encoding.measure import Measured
from sealrun.errors import PinFailed
from sealrun.ports.evidence import Content
from sealrun.transport.http import Client


class KuboPinner:
    """``sealrun.ports.evidence.Pinner`` over one node, or a service with the same API."""

    name = "kubo"

    def __init__(self, client: Client, *, url: str, headers: Callable[[], Mapping[str, str]]) -> None:
        """``url`` is what stands before ``/api/v0``; the headers hold what authorises, if anything does."""
        self._client, self._url, self._headers = client, url.rstrip("/"), headers

    def holds(self, cid: str, *, seconds: float) -> bool:
        """https://docs.ipfs.tech/reference/kubo/rpc/#api-v0-pin-ls; what is not pinned is an error there."""
        query = {"arg": cid, "type": "recursive"}
        url = f"{self._url}/api/v0/pin/ls"
        answer = ask(self._client, "POST", url, headers=self._headers(), params=query, seconds=seconds)
        try:
            return bool(answer["Keys"][cid]["Type"] == "recursive")
        except (KeyError, TypeError):
            raise PinFailed("answer: expected a list of pins, got something else") from None

    def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
        answer = post_car(
            self._client,
            f"{self._url}/api/v0/dag/import",
            content,
            measured,
            fields={},
            headers=self._headers(),
            params={"pin-roots": "true"},
            seconds=seconds,
        )
        try:
            cid, refused = answer["Root"]["Cid"]["/"], answer["Root"].get("PinErrorMsg", "")
        except (KeyError, TypeError, AttributeError):
            raise PinFailed("answer: expected the root of an import, got something else") from None
        check_cid(measured.cid, cid)
        if refused:
            raise PinFailed(f"root: expected {cid} pinned, got an error of the node's")

    def close(self) -> None:
        self._client.close()
