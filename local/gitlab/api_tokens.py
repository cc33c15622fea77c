"""The routes of access tokens, and of files at a commit."""

import re
import subprocess
from typing import Any
from urllib.parse import unquote

from werkzeug import Response

from local.gitlab.access import ACCESS_PREFIX, is_member, successor
from local.gitlab.context import Context
from local.gitlab.messages import answer, insufficient_scope, not_found, page, params
from local.gitlab.store import Token
from local.loopback import Request

GIT_SECONDS = 30


def own(context: Context, request: Request) -> Response:
    """``GET /personal_access_tokens/self``: the token that asks, a project's one too."""
    return answer(_token(context.token(request)))


def rotate_own(context: Context, request: Request) -> Response:
    """``POST /personal_access_tokens/self/rotate``."""
    return _rotated(context, context.token(request), request)


def listed(context: Context, request: Request) -> Response:
    """``GET /projects/:id/access_tokens``: those that are active, as GitLab lists them."""
    project, _ = context.member(request)
    mine = [one for one in context.store.tokens.values() if one.project == project.id and not one.trigger]
    items, headers = page(request, [one for one in mine if not one.revoked], url=context.origin)
    return answer([_token(one) for one in items], headers=headers)


def rotate(context: Context, request: Request) -> Response:
    """``POST /projects/:id/access_tokens/:token_id/rotate``."""
    project, _ = context.member(request)
    token = context.store.tokens.get(request.values_in_path["token"])
    if token is None or token.project != project.id or token.trigger:
        raise not_found()
    return _rotated(context, token, request)


def raw_file(context: Context, request: Request) -> Response:
    """``GET /projects/:id/repository/files/:file_path/raw``."""
    project, token = context.visible(request)
    ref = request.args.get("ref", "HEAD")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,254}", ref) or not (
        project.public or is_member(token, project)
    ):
        raise not_found("File")
    command = ["git", "-C", project.repository, "show", f"{ref}:{unquote(request.values_in_path['file'])}"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=GIT_SECONDS)
    if done.returncode:
        raise not_found("File")
    return Response(done.stdout, content_type="text/plain")


def _rotated(context: Context, token: Token, request: Request) -> Response:
    """The token is revoked; its successor belongs to the same user and is shown once."""
    if "api" not in token.scopes and "self_rotate" not in token.scopes:
        raise insufficient_scope()
    made = successor(context.store, token, expires_at=str(params(request).get("expires_at") or ""))
    return answer({**_token(made), "token": made.value})


def _token(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": f"{ACCESS_PREFIX}{one.id}",
        "revoked": one.revoked,
        "scopes": one.scopes,
        "user_id": one.user,
        "active": not one.revoked,
        "expires_at": one.expires_at or None,
    }


ROUTES = [
    ("own_token", "GET", "/personal_access_tokens/self", own),
    ("rotate_own_token", "POST", "/personal_access_tokens/self/rotate", rotate_own),
    ("access_tokens", "GET", "/projects/<project>/access_tokens", listed),
    (
        "rotate_token",
        "POST",
        "/projects/<project>/access_tokens/<int:token>/rotate",
        rotate,
    ),
    ("raw_file", "GET", "/projects/<project>/repository/files/<file>/raw", raw_file),
]
