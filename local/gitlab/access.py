"""Checks who sends a request, and what that token may see and do."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from local.gitlab.messages import expired, insufficient_scope, not_found, revoked, unauthorized
from local.gitlab.store import Project, Store, Token, User
from local.loopback import Request

TRIGGER_PREFIX = "glptt-"
ACCESS_PREFIX = "glpat-"


def new_token(
    store: Store, project: Project, *, trigger: bool, scopes: Sequence[str], expires_at: str
) -> Token:
    """A trigger token of the project's owner, or a project access token with a bot user of its own."""
    prefix = TRIGGER_PREFIX if trigger else ACCESS_PREFIX
    with store.lock:
        user = project.owner if trigger else _bot(store, project).id
        token = Token(
            id=store.next_id(),
            value=prefix + secrets.token_urlsafe(20),
            trigger=trigger,
            user=user,
            project=project.id,
            scopes=list(scopes),
            expires_at=expires_at,
        )
        store.tokens[token.id] = token
        store.save()
    return token


def new_personal_token(store: Store, user: int) -> Token:
    """A token of a person's own, with the scope api."""
    with store.lock:
        value = ACCESS_PREFIX + secrets.token_urlsafe(20)
        token = Token(
            store.next_id(), value, trigger=False, user=user, project=0, scopes=["api"], expires_at=""
        )
        store.tokens[token.id] = token
        store.save()
    return token


def successor(store: Store, token: Token, *, expires_at: str) -> Token:
    """Revoke the token and make another one for the same user, by default valid for a week as at GitLab."""
    week = (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
    with store.lock:
        token.revoked = True
        made = replace(
            token,
            id=store.next_id(),
            value=ACCESS_PREFIX + secrets.token_urlsafe(20),
            expires_at=expires_at or week,
            revoked=False,
        )
        store.tokens[made.id] = made
        store.save()
    return made


def current_token(store: Store, request: Request) -> Token | None:
    """The access token that came with the request; None without one.

    Raises:
        ApiError: 401: it is unknown, expired or revoked; 403: it may only read.
    """
    given = request.headers.get("private-token") or _bearer(request)
    if not given:
        return None
    token = next((one for one in store.tokens.values() if not one.trigger and _same(one.value, given)), None)
    if token is None:
        raise unauthorized()
    if token.revoked:
        raise revoked()
    if token.expires_at and token.expires_at <= datetime.now(UTC).date().isoformat():
        raise expired()
    if "api" not in token.scopes and request.method not in ("GET", "HEAD"):
        raise insufficient_scope()
    return token


def visible_project(store: Store, request: Request, token: Token | None) -> Project:
    """The project that the path names by id or by its encoded path.

    Raises:
        ApiError: 404: there is none, or it is not for this token.
    """
    wanted = unquote(request.values_in_path["project"])
    for project in store.projects.values():
        if wanted in (str(project.id), project.path) and (project.public or is_member(token, project)):
            return project
    raise not_found("Project")


def is_member(token: Token | None, project: Project) -> bool:
    """Project access tokens are members of their project, a personal token of its user's projects."""
    return token is not None and (
        token.project == project.id or (token.project == 0 and token.user == project.owner)
    )


def trigger_of(store: Store, project: Project, value: object) -> Token | None:
    """The project's trigger token of this value."""
    for token in store.tokens.values():
        if token.trigger and token.project == project.id and not token.revoked and _same(token.value, value):
            return token
    return None


def _bot(store: Store, project: Project) -> User:
    user_id = store.next_id()
    user = User(user_id, f"project_{project.id}_bot_{secrets.token_hex(16)}", bot=True)
    store.users[user_id] = user
    return user


def _bearer(request: Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value if kind.lower() == "bearer" else ""


def _same(known: str, given: object) -> bool:
    return isinstance(given, str) and secrets.compare_digest(known.encode(), given.encode())
