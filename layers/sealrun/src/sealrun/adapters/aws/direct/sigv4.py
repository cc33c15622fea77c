"""AWS's Signature Version 4 for requests without a query.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """Whose signature it is; the token is empty for keys of a user."""

    access_key: str
    secret_key: str
    session_token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key})"


class Scope(NamedTuple):
    """What a signature is good for."""

    region: str
    service: str


def signed(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    scope: Scope,
    now: datetime,
) -> dict[str, str]:
    """The headers with those that sign the request: all of them are signed, and so is the body.

    Args:
        method: as ``POST``.
        path: as it is sent, percent-encoded once; every service but S3 signs it encoded twice.
        headers: each name once; ``host`` must be among them.
        body: what is sent.
        credentials: whose signature it is.
        scope: the region and the service that take it.
        now: in UTC. AWS takes signatures for five minutes, of KMS and DynamoDB for fifteen.
    """
    time = f"{now:%Y%m%dT%H%M%SZ}"
    sent = {name.lower(): re.sub(" +", " ", value.strip()) for name, value in headers.items()}
    sent["x-amz-date"] = time
    if credentials.session_token:
        sent["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(sent))
    listed = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"{method}\n{quote(path, safe='/-_.~')}\n\n{listed}\n{names}\n{digest}"
    within = f"{time[:8]}/{scope.region}/{scope.service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*within.split("/"), f"{ALGORITHM}\n{time}\n{within}\n{hashed}"):
        key = hmac.digest(key, part.encode(), "sha256")
    named = f"Credential={credentials.access_key}/{within}, SignedHeaders={names}, Signature={key.hex()}"
    return {**sent, "authorization": f"{ALGORITHM} {named}"}
