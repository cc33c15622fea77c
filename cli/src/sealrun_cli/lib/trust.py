"""What TLS trusts where the command talks to a provider: the public authorities and the seller's own.

``SEALRUN_TLS_AUTHORITIES`` names a PEM file, as it does for the functions.
"""

import os
import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from sealrun.transport.http import trusting
from sealrun_cli.lib.errors import CliError

VARIABLE = "SEALRUN_TLS_AUTHORITIES"


def authorities() -> ssl.SSLContext | None:
    """The public authorities with the seller's own; None where there are no others.

    Raises:
        CliError: the file is not there, or holds no certificate.
    """
    path = os.environ.get(VARIABLE, "")
    if not path:
        return None
    try:
        return trusting(path)
    except OSError as error:
        detail = (
            f"{VARIABLE}: expected a PEM file of certificates, got {type(error).__name__} at {path[:200]}"
        )
        raise CliError("tls", detail, "name the file of your network's own authority") from error


def session() -> requests.Session:
    """For python-gitlab, which goes through the environment's proxy as any client of requests does."""
    made, context = requests.Session(), authorities()
    if context is not None:
        made.mount("https://", _Trusting(context))
    return made


class _Trusting(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **named)
