"""How the command reaches others: what TLS trusts, and through which proxy, if any.

``sealrun --tls-authorities FILE --proxy http://host:port ...``, or ``SEALRUN_TLS_AUTHORITIES`` and
``SEALRUN_PROXY``, which the functions have as well. No other variable of the environment changes either, and
no ``.netrc`` adds a password. This machine's own addresses are reached without the proxy.
"""

import os
import ssl
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx
import requests
from requests.adapters import HTTPAdapter

from sealrun.encoding.origins import same_place
from sealrun.errors import Malformed
from sealrun.transport.authorities import trusting
from sealrun.transport.connections import Waits
from sealrun.transport.http import GuardedClient
from sealrun.transport.proxy import proxy_url
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import LOOPBACK
from sealrun_cli.lib.timed import TimedTransport

VARIABLE, PROXY = "SEALRUN_TLS_AUTHORITIES", "SEALRUN_PROXY"
# Hosts in a private network, and origins of object storage that artifacts are redirected to (L9).
PRIVATE_HOSTS, ARTIFACT_ORIGINS = "SEALRUN_PRIVATE_HOSTS", "SEALRUN_ARTIFACT_ORIGINS"


def remember(authorities_file: str, proxy: str) -> None:
    """Keep the two options where every part of the command and the tools that it starts find them."""
    for name, value in ((VARIABLE, authorities_file), (PROXY, proxy)):
        if value:
            os.environ[name] = value


def authorities() -> ssl.SSLContext | None:
    """The public authorities with the caller's own; None where there are no others.

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


def proxy() -> str:
    """``http://host:port``, or empty.

    Raises:
        CliError: it is no such address.
    """
    try:
        return proxy_url(os.environ.get(PROXY, ""))
    except (ValueError, Malformed) as error:
        raise CliError("bad-request", str(error), f"correct --proxy or {PROXY}") from error


def for_node() -> dict[str, str]:
    """The same for the contracts' tools; the proxy needs Node 22.21 (https://nodejs.org/api/cli.html).

    Node reads each variable in lower case first, so both spellings are set where there is a proxy.
    """
    path, through = os.environ.get(VARIABLE, ""), proxy()
    trusted = {"NODE_EXTRA_CA_CERTS": path} if path else {}
    if not through:
        return {**trusted, "NODE_USE_ENV_PROXY": "0"}
    proxied = {"HTTPS_PROXY": through, "HTTP_PROXY": "", "NO_PROXY": ",".join(LOOPBACK)}
    lower = {name.lower(): value for name, value in proxied.items()}
    return {**trusted, **proxied, **lower, "NODE_USE_ENV_PROXY": "1"}


def for_service(storage: str = "") -> dict[str, str]:
    """The same for a service in the background, and whom it may reach: the functions' own settings.

    ``storage`` is an origin of artifacts besides those that ``SEALRUN_ARTIFACT_ORIGINS`` names.
    """
    path = os.environ.get(VARIABLE, "")
    settings = {
        VARIABLE: str(Path(path).resolve()) if path else "",
        PROXY: proxy(),
        PRIVATE_HOSTS: os.environ.get(PRIVATE_HOSTS, ""),
        ARTIFACT_ORIGINS: f"{storage} {os.environ.get(ARTIFACT_ORIGINS, '')}".strip(),
    }
    return {name: value for name, value in settings.items() if value}


def open_client() -> httpx.Client:
    """For the operator's service, Mina nodes and gateways, whose addresses the caller names.

    Raises:
        CliError: authorities or proxy are not as they must be.
    """
    verify = authorities() or httpx.create_ssl_context(trust_env=False)
    here = TimedTransport(verify)
    direct = {f"all://{host}": here for host in ("127.0.0.1", "[::1]", "localhost")}
    return httpx.Client(transport=TimedTransport(verify, proxy=proxy()), mounts=direct, trust_env=False)


def open_guarded(origins: Collection[str], *, public: Collection[str] = ()) -> GuardedClient:
    """The functions' own client, for a provider, a node or a pinning service.

    Args:
        origins: those that the caller named. They may be in a private network, or on this machine.
        public: others, which have public addresses only (L9).

    Raises:
        ValueError: an origin is none that may be reached.
        CliError: as for ``open_client``.
    """
    hosts = {httpx.URL(same_place(origin)).host for origin in origins}
    # Through a proxy no name has to resolve here, so none is said to be in a private network.
    through = proxy()
    return GuardedClient(
        {*origins, *public},
        verify=authorities(),
        private_hosts=() if through else hosts,
        proxy=through,
        unsafe_loopback=any(host in LOOPBACK for host in hosts),
    )


def open_strangers(origin: str, *, here: bool, seconds: float) -> GuardedClient:
    """The same for an address that a stranger wrote; this machine's own only where ``here`` says so.

    Raises:
        ValueError: the origin is none that may be reached.
        CliError: as for ``open_client``.
    """
    waits = Waits(connect=seconds, each=seconds)
    named: dict[str, Any] = {"waits": waits, "request_seconds": seconds, "unsafe_loopback": here}
    return GuardedClient([origin], verify=authorities(), proxy=proxy(), **named)


def session() -> requests.Session:
    """For python-gitlab."""
    made, context, through = _Session(), authorities(), proxy()
    made.trust_env = False
    if through:
        made.proxies = {"https": through}
    if context is not None:
        made.mount("https://", _Trusting(context))
    return made


class RedirectElsewhere(requests.RequestException):
    """A server sent a request with a token on to another origin."""


class _Session(requests.Session):
    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Follow no redirect to another origin (R1): requests takes only its own header with a token off."""
        before, after = str(response.request.url), str(prepared_request.url)
        if self.should_strip_auth(before, after):
            raise RedirectElsewhere
        super().rebuild_auth(prepared_request, response)


class _Trusting(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **named)

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **named)
