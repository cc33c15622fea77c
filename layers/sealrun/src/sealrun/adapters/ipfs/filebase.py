"""Pins at Filebase, or another S3-compatible store that gives an object's CID in its metadata.

https://docs.filebase.com/api-documentation/s3-compatible-api: with ``x-amz-meta-import: car`` the blocks of a
CAR are taken as they are; ``x-amz-meta-cid`` then is the root's CID.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws.errors import translated
from sealrun.adapters.aws.s3 import PART, PLAIN, put_parts
from sealrun.adapters.ipfs.form import check_cid, in_time
from sealrun.encoding.cars import car, car_size
from sealrun.encoding.measure import Measured
from sealrun.errors import PinFailed, StoreUnavailable
from sealrun.ports.evidence import Content

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class FilebasePinner:
    """``sealrun.ports.evidence.Pinner`` over one bucket of somebody else's."""

    name = "filebase"

    def __init__(self, opens: Callable[[], "S3Client"], *, bucket: str) -> None:
        """The client is made when it is first needed: that opens its keys."""
        self._opens, self._bucket = opens, bucket

    @cached_property
    def _client(self) -> "S3Client":
        return self._opens()

    def holds(self, cid: str, *, seconds: float) -> bool:  # noqa: ARG002  the client has limits of its own
        client = self._client
        with _as_pin_failed():
            metadata = client.head_object(**self._place(cid))["Metadata"]
        return bool(metadata.get("cid") == cid)

    def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
        where = self._place(measured.cid)
        made: dict[str, Any] = {"ContentType": "application/vnd.ipld.car", "Metadata": {"import": "car"}}
        chunks = in_time(time.monotonic() + seconds, car(measured.cid, content()))
        client = self._client
        with _as_pin_failed():
            if car_size(measured.size) <= PART:
                client.put_object(**where, **made, Body=b"".join(chunks))
            else:
                put_parts(client, where, chunks, made=made, completed={})
            metadata = client.head_object(**where)["Metadata"]
        check_cid(measured.cid, metadata.get("cid"))

    def close(self) -> None:
        if "_client" in vars(self):
            self._client.close()

    def _place(self, cid: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": f"{cid}.car"}


def open_bucket(endpoint: str, token: str) -> "S3Client":
    """A client with these keys, ``KEY:SECRET``, and no others; it gives up soon.

    Raises:
        PinFailed: the token has another form.
    """
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    key, _, secret = token.partition(":")
    if not key or not secret:
        raise PinFailed("token: expected KEY:SECRET for filebase, got something else")
    limits = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1}, **PLAIN)
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=limits,
    )


@contextmanager
def _as_pin_failed() -> Iterator[None]:
    """A bucket of somebody else's is no store of ours. No cause: the request beside it names the key."""
    try:
        with translated("bucket"):
            yield
    except StoreUnavailable as error:
        raise PinFailed(error.detail) from None
    # What botocore makes of headers that are none of S3's, and of a redirect.
    except (KeyError, ValueError, RecursionError):
        raise PinFailed("answer: expected one of S3's form, got something else") from None
