"""Facts: the claims of the CI's own token that an offer can demand, and how they are hashed.

The circuits of ``contracts/src/token`` hash the same claims of a token; decision 28 holds their argument.
"""

from collections.abc import Mapping
from typing import Any

from sealrun.encoding import read
from sealrun.encoding.fields import tagged_hash, text_field
from sealrun.errors import Malformed
from sealrun.offers.source import Source

_PACKED = 31

# The pinned claims of each issuer in the order of their hash, each with room for its text ``"name":"value"``.
FACTS: Mapping[str, Mapping[str, int]] = {
    "gitlab": {
        "project_id": 31,
        "ref_path": 124,
        "ref_protected": 31,
        "runner_environment": 62,
        "sha": 93,
        "ci_config_ref_uri": 248,
        "ci_config_sha": 93,
        "pipeline_source": 62,
        "user_id": 31,
    },
    "github": {
        "repository": 155,
        "repository_id": 31,
        "ref": 124,
        "ref_protected": 31,
        "runner_environment": 62,
        "sha": 93,
        "workflow_ref": 248,
        "job_workflow_ref": 248,
        "job_workflow_sha": 93,
        "event_name": 62,
        "run_attempt": 31,
        "actor_id": 31,
    },
}


def facts_hash(issuer: str, facts: Mapping[str, Any]) -> int:
    """``H("sealrun:facts", [issuer, texts])`` of the pinned claims' values, by their names.

    Raises:
        Malformed: a value is missing, longer than its room, or holds what JSON would escape.
    """
    read.only(dict(facts), tuple(FACTS[issuer]), where="facts")
    fields = [text_field(issuer)]
    for name, room in FACTS[issuer].items():
        value = read.text(facts, name, pattern=r"[ !#-\[\]-~]+", says="printable text without quotes")
        fields += packed(f'"{name}":"{value}"', room, name)
    return tagged_hash("sealrun:facts", fields)


def last_job_facts(source: Source, project_path: str) -> dict[str, str]:
    """What the token of the last job of exactly this source says, on a runner of the provider's own.

    Args:
        source: what is sold.
        project_path: of the project, as the provider writes it in its tokens; an id does not tell it.

    Raises:
        Malformed: the last job of this provider's pipelines cannot be told apart.
    """
    claims, endings = _pinned(source)
    place = f"{source.url.partition('://')[2]}/{project_path}"
    return {name: claims.get(name) or f"{place}{endings[name]}" for name in FACTS[source.provider]}


def check_facts(facts: Mapping[str, Any], source: Source) -> None:
    """The facts are those of ``last_job_facts``.

    Not checked: the project's path before that of the configuration.

    Raises:
        Malformed: one of them says something else.
    """
    claims, endings = _pinned(source)
    for name, expected in claims.items():
        if facts[name] != expected:
            raise Malformed(f"facts: expected {name} to be the source's, {expected}, got {facts[name]}")
    for name, end in endings.items():
        if not facts[name].endswith(end):
            raise Malformed(f"facts: expected {name} to end as the source's, {end}, got {facts[name]}")


def _pinned(source: Source) -> tuple[dict[str, str], dict[str, str]]:
    """The facts that the source says as a whole, and those of which it says the end."""
    token = source.rules.token
    if token is None or not token.last_source:
        raise Malformed(f"facts: expected a provider whose last job can be told apart, got {source.provider}")
    known = {
        "project": source.project,
        "ref": source.ref,
        "commit": source.commit,
        "path": source.configuration.path,
        "user": source.user,
        "run_source": token.last_source,
    }
    names = FACTS[source.provider]
    claims = {name: text.format(**known) for name, text in token.claims.items() if name in names}
    return claims, {name: text.format(**known) for name, text in token.endings.items() if name in names}


def packed(text: str, room: int, name: str) -> list[int]:
    """Text as fields of 31 bytes, least significant first, with NULs up to the room in bytes."""
    data = text.encode()
    if len(data) > room:
        raise Malformed(f"{name}: expected at most {room - len(data) + len(text)} bytes, got {len(data)}")
    padded = data.ljust(room, b"\0")
    return [int.from_bytes(padded[at : at + _PACKED], "little") for at in range(0, room, _PACKED)]
