"""Holds requests and answers against a provider's own OpenAPI description."""

import json
import re
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.testing import MockRequest, MockResponse
from werkzeug.datastructures import MultiDict

_CLIENT_ERROR = 400
# OpenAPI's paths have no parameter that spans several segments; GitHub's have one.
_SPANNING = re.compile(r"(?<=/git/ref/).+")


class Described:
    """One description; every method raises what openapi-core finds wrong."""

    def __init__(self, file: Path, *, below: str = "") -> None:
        """``below`` is the path of the API's root, where the description's paths do not say it."""
        self._below = below
        document = json.loads(file.read_bytes())
        self._host = document["servers"][0]["url"]
        self._openapi = OpenAPI.from_dict(document)

    def check_request(self, request: httpx.Request) -> None:
        """The request is one of the description's, and has no other query parameters."""
        asked = self._request(request)
        self._openapi.validate_request(asked)
        named = self._openapi.unmarshal_request(asked).parameters.query
        if others := set(request.url.params) - set(named):
            raise OpenAPIError(f"query: expected the description's parameters, got also {sorted(others)}")

    def check_response(self, request: httpx.Request, response: httpx.Response) -> None:
        """The answer, read already, is one that the description has for this request.

        A refusal with a status that the description does not name passes: neither provider names all.
        """
        told = MockResponse(
            data=response.content,
            status_code=response.status_code,
            headers=dict(response.headers),
            content_type=response.headers.get("content-type", "").partition(";")[0],
        )
        try:
            self._openapi.validate_response(self._request(request), told)
        except ResponseNotFound:
            if response.status_code < _CLIENT_ERROR:
                raise

    def _request(self, request: httpx.Request) -> MockRequest:
        path = request.url.raw_path.partition(b"?")[0].decode()
        path = _SPANNING.sub(lambda found: quote(unquote(found[0]), safe=""), path)
        return MockRequest(
            host_url=self._host,
            method=request.method,
            path=path.removeprefix(self._below),
            args=MultiDict(request.url.params.multi_items()),
            headers=dict(request.headers),
            data=request.content,
            content_type=request.headers.get("content-type", "").partition(";")[0],
        )


class DescribedTransport(httpx.BaseTransport):
    """Sends by another transport what the description has, and passes on such answers only."""

    def __init__(self, described: Described, inner: httpx.BaseTransport, *, origin: str) -> None:
        """Only what goes to ``origin``, at or below its path, is looked at: files may come from elsewhere."""
        self._described, self._inner, self._origin = described, inner, httpx.URL(origin)
        self.checked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._is_described(request.url):
            return self._inner.handle_request(request)
        request.read()
        self._described.check_request(request)
        response = self._inner.handle_request(request)
        response.read()
        self._described.check_response(request, response)
        self.checked += 1
        # Read already: given on as one that is made of its bytes.
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    def close(self) -> None:
        self._inner.close()

    def _is_described(self, url: httpx.URL) -> bool:
        here = (url.host, url.port) == (self._origin.host, self._origin.port)
        return here and url.path.startswith(self._origin.path)
