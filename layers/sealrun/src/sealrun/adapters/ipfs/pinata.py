"""Pins at Pinata by its v3 API: https://docs.pinata.cloud/api-reference/endpoint/upload-a-file.

``car=true`` has it take the blocks as they are; without that it cuts files its own way.
"""

from collections.abc import Callable, Mapping

from sealrun.adapters.ipfs.form import check_cid, post_car
from sealrun.encoding.measure import Measured
from sealrun.errors import PinFailed
from sealrun.ports.evidence import Content
from sealrun.transport.http import Client


class PinataPinner:
    """``sealrun.ports.evidence.Pinner`` over one account; only its public network takes CARs."""

    name = "pinata"

    def __init__(self, client: Client, *, url: str, headers: Callable[[], Mapping[str, str]]) -> None:
        """``url`` is that of uploads; the headers hold the account's JWT."""
        self._client, self._url, self._headers = client, url.rstrip("/"), headers

    def holds(self, cid: str, *, seconds: float) -> bool:  # noqa: ARG002
        """Its list of files is at another origin than its uploads, so it is not asked."""
        return False

    def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
        answer = post_car(
            self._client,
            f"{self._url}/v3/files",
            content,
            measured,
            fields={"network": "public", "name": measured.cid, "car": "true"},
            headers=self._headers(),
            params={},
            seconds=seconds,
        )
        try:
            cid = answer["data"]["cid"]
        except (KeyError, TypeError):
            raise PinFailed("answer: expected the data of an upload, got something else") from None
        check_cid(measured.cid, cid)

    def close(self) -> None:
        self._client.close()
