"""The answers of proxies and of servers under maintenance, and how proxies change an answer on its way."""

import time

from werkzeug import Response
from werkzeug.http import http_date

from local.faults import Fault

_PAGE = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
_PAGING = ("X-Next-Page", "X-Page", "X-Per-Page", "X-Prev-Page", "X-Total", "X-Total-Pages")


def until(fault: Fault) -> str:
    """Retry-After as an HTTP date: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after."""
    return http_date(time.time() + fault.retry_after)


def maintenance() -> Response:
    """503 with a page that is meant for people."""
    return Response(_PAGE.format(title="Deploy in progress"), 503, mimetype="text/html")


def unpaged(response: Response) -> Response:
    """The answer without any header that tells of further pages."""
    response.headers.remove("Link")
    return links_only(response)


def links_only(response: Response) -> Response:
    """The answer without GitLab's own headers about pages; ``Link`` stays."""
    for name in _PAGING:
        response.headers.remove(name)
    return response
