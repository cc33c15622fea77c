"""What an offer's ``source`` says, looked up: the tag in the clone, the project and the token's account."""

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sealrun.encoding.origins import same_place
from sealrun.offers.provider_rules import PROVIDERS, rules_of
from sealrun.offers.source import INPUTS, split_base
from sealrun.providers.kind import kind_of
from sealrun.providers.pipeline import Pipeline
from sealrun_cli.lib.ci_files import followed, read_pipeline, wildcard
from sealrun_cli.lib.confirming import ask, read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.repository import Remote, Repository, Tagged
from sealrun_cli.lib.sandbox_state import TOKEN, found_sandbox
from sealrun_cli.lib.set_up import SetUp, address_of, set_up_of
from sealrun_cli.lib.work_folder import WORK


@dataclass(frozen=True)
class Wanted:
    """What the seller asks for, before anything is looked up; empty where the seller gave nothing."""

    folder: Path
    provider: str
    url: str  # where the provider begins
    project: str
    tag: str
    config: str
    token: str = field(repr=False)
    user: int
    inputs_as: str = INPUTS


@dataclass(frozen=True)
class Found:
    """The tag as the clone and the provider describe it."""

    source: Mapping[str, Any]
    pipeline: Pipeline
    private: bool
    path: str = ""  # of the project, as the provider's tokens name it


def wanted_source(
    folder: Path,
    provider: str,
    origin: str,
    project: str,
    tag: str,
    config: str,
    token_file: str,
    user: int,
    inputs_as: str = INPUTS,
) -> Wanted:
    """Flags first, then the sandbox of this folder, then the clone's remote, then questions."""
    around, clone = found_sandbox(folder), Repository(folder)
    remote = clone.remote()
    if around and not origin and provider == around["provider"]:
        origin, project = around["origin"], project or around["project"]
        token_file = token_file or str(folder / WORK / TOKEN)
    default = _default_origin(provider, clone, remote)
    host, path = set_up_of(provider, origin).asks
    origin = origin or ask("", host, "--origin", default=default)
    url = address_of(provider, origin)
    project = project or ask("", path, "--project", default=remote.below(url) if remote else "")
    tag = tag or ask("", "Tag that is for sale", "--tag")
    question = "Access token (used once to look the project up, not kept; empty for a public project)"
    token = read_secret(token_file, question) if token_file or not user else ""
    return Wanted(folder, provider, url, project, tag, config, token, user, inputs_as)


def _default_origin(provider: str, clone: Repository, remote: Remote | None) -> str:
    """Of a clone of another host it is no public service, which is to see no token for that host (R1).

    A remote whose address says no host, such as a name of ``~/.ssh/config``, may be any host. Nor is another
    provider's public service taken for a server of this one.
    """
    kind = kind_of(provider)
    if remote is None:
        return "" if clone.has_remote() else kind.api
    if kind.rules.pages.get(kind.api) == same_place(remote.origin):
        return kind.api
    return "" if kind.api or _is_public_service(same_place(remote.origin)) else remote.origin


def _is_public_service(origin: str) -> bool:
    """Whether a provider's own service answers there: its pages, a name below them, or a tenant's."""
    host = origin.removeprefix("https://")
    return any(
        any(f".{host}".endswith(page.replace("https://", ".")) for page in rules.pages.values())
        or any(re.fullmatch(rules.tenant_api, f"https://{before}{host}") for before in ("", "api."))
        for rules in map(rules_of, PROVIDERS)
    )


def _user(wanted: Wanted, there: SetUp) -> int:
    """Whose token starts the runs (R3)."""
    if wanted.user:
        return wanted.user
    if not wanted.token:
        raise CliError(
            "token", "user: expected the id of the token's account, got none", "give --user or --token-file"
        )
    return there.user(0, today=datetime.now(UTC).date())


def _source(wanted: Wanted, tagged: Tagged, path: str, content: bytes, pipeline: Pipeline) -> dict[str, Any]:
    origin, base_path = split_base(wanted.url)
    configuration = {
        "path": path, "sha256": hashlib.sha256(content).hexdigest(), "includes": list(pipeline.includes)
    }  # fmt: skip
    return {
        "provider": wanted.provider,
        "origin": origin,
        **({"base_path": base_path} if base_path else {}),
        **({"inputs_as": wanted.inputs_as} if wanted.inputs_as != INPUTS else {}),
        "project": "",
        "ref": tagged.ref,
        "commit": tagged.commit,
        "tree": tagged.tree,
        "user": 0,
        "configuration": configuration,
    }


def look_up(wanted: Wanted, out: Output) -> Found:
    """Look up the tag in the clone, the pipeline's file at its commit, and the project at the provider."""
    clone = Repository(wanted.folder)
    tagged = clone.tagged(wanted.tag)
    out.progress(f"{tagged.ref} is commit {tagged.commit[:12]}")
    there = set_up_of(wanted.provider, wanted.url, wanted.token)
    place = there.place(wanted.project)
    known = wanted.config or place.configuration or kind_of(wanted.provider).pipeline.default_path
    path = ask(known, "Path of the workflow that is for sale", "--config")
    said = _say_newer(clone, tagged, wanted.tag, [path], out)
    content = clone.file(tagged.commit, path)
    pipeline = read_pipeline(wanted.provider, content, wanted.inputs_as)
    if not said:
        _say_newer(clone, tagged, wanted.tag, _included(clone, tagged.commit, wanted, pipeline), out)
    out.progress(f"{path} declares {', '.join(pipeline.inputs) or 'no inputs'}")
    source = _source(wanted, tagged, path, content, pipeline)
    return Found(
        source={**source, "project": place.project, "user": _user(wanted, there)},
        pipeline=pipeline,
        private=place.private,
        path=place.path,
    )


def _included(clone: Repository, commit: str, wanted: Wanted, pipeline: Pipeline) -> list[str]:
    """The project's own files and folders that the pipeline's file includes, also by others, or wildcards."""

    def read(path: str) -> Pipeline | None:
        with suppress(CliError):  # no such file of the provider's, as an action's
            return read_pipeline(wanted.provider, clone.file(commit, path), wanted.inputs_as)
        return None

    return [path for path, _ in followed(pipeline, {*clone.files(commit)}, read)]


def _say_newer(clone: Repository, tagged: Tagged, tag: str, paths: list[str], out: Output) -> bool:
    """Tell that a committed fix is not for sale, because the tag names an older commit; whether it is so."""
    head = clone.commit("HEAD")
    if not paths or clone.leads_to(head, tagged.commit):
        return False
    taken = [*map(wildcard, paths)]

    def is_taken(name: str) -> bool:
        return any(
            each.fullmatch(at) for at in (name, *map(str, PurePosixPath(name).parents)) for each in taken
        )

    file = next(filter(is_taken, clone.changed(tagged.commit, head)), "")
    if file:
        out.progress(f"{file} was changed since {tag}: the newer one, {head[:12]}, is not for sale")
        out.progress(f"next     to sell it, make another tag: git tag NAME {head[:12]}, then --tag NAME")
    return bool(file)
