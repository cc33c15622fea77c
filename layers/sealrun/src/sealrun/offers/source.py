"""Sources: the pipeline that an offer sells, and the parts of it that the offer pins."""

import re
from typing import Any, NamedTuple

from sealrun.encoding import read
from sealrun.encoding.fields import canonical, document_hash
from sealrun.encoding.origins import canonical_origin, without_user
from sealrun.errors import Malformed
from sealrun.offers.provider_rules import PROVIDERS, ProviderRules, rules_of

MAX_INCLUDES = 20
INPUTS = "inputs"
_DIGEST = r"[0-9a-f]{40}|[0-9a-f]{64}"
_PATH = r"[A-Za-z0-9_.][A-Za-z0-9_./-]{0,199}"
# Short on purpose: a public forge serves files of anybody under deeper paths, which could pose as its API.
_BASE_PATH = r"(/[A-Za-z0-9][A-Za-z0-9_-]{0,39}){1,2}"
_REPLACED = "local:", "pinned:"  # includes that the commit pins, or that name a digest of their own


class Configuration(NamedTuple):
    """The file that tells the provider what to run, as the commit has it, and what that file includes.

    An include that begins with ``local:`` is pinned by the commit, one that begins with ``pinned:`` by a
    digest in its own text; any other is not pinned, and the evidence of each run names it (R4).
    """

    path: str
    sha256: str  # of the file's bytes at the commit, 64 hex digits
    includes: tuple[str, ...]

    @property
    def not_pinned(self) -> list[str]:
        """The includes that may change under the same commit."""
        return [include for include in self.includes if not include.startswith(_REPLACED)]


class Source(NamedTuple):
    """What the provider runs, and as whom."""

    provider: str
    origin: str  # https://host[:port], no path
    project: str  # GitLab: the numeric project id; GitHub and Forgejo: owner/name
    ref: str  # a protected tag by its full name, refs/tags/...
    commit: str  # 40 or 64 hex digits; the run's sha must equal it (R4)
    tree: str  # the commit's tree, so that anyone who has the files but not the history can compare
    configuration: Configuration
    user: int  # the provider's id of the account that the credential belongs to (R3)
    base_path: str = ""  # the path that the provider is served under, such as /gitlab; no place of its own
    inputs_as: str = INPUTS  # or variables of the run, for a provider that knows no inputs yet

    @property
    def url(self) -> str:
        """Where the provider begins: its origin, and the path that it is served under."""
        return f"{self.origin}{self.base_path}"

    @property
    def workflow(self) -> str:
        """The workflow's file name, which is how GitHub and Forgejo address it."""
        return self.configuration.path.rsplit("/", 1)[-1]

    @property
    def place(self) -> str:
        """The project's page in its one spelling: two sources of one project have the same place.

        GitHub and Forgejo do not tell upper from lower case in owners and names, and take off a ``.git`` that
        no name may end in; GitLab's ids are numbers. The base path is left out: whoever runs the origin can
        serve one project under any number of paths.
        """
        return self.rules.place(canonical_origin(self.origin), self.project.lower().removesuffix(".git"))

    @property
    def repository(self) -> str:
        """Where the repository is found."""
        return self.rules.page(self.url, self.project)

    @property
    def rules(self) -> ProviderRules:
        """What the core knows of the provider."""
        return rules_of(self.provider)

    def hash(self, offer: str) -> int:
        """``H("sealrun:source", digest(document))``: commit, tree, configuration and offer (64 hex digits).

        Not in it: the account that starts runs, which the offer's hash covers.
        """
        names = ("provider", "origin", "project", "ref", "commit", "tree")
        value: dict[str, Any] = {name: getattr(self, name) for name in names}
        return document_hash(
            "sealrun:source", canonical({**value, "configuration": self._file(), "offer": offer})
        )

    def _file(self) -> dict[str, Any]:
        file = self.configuration
        return {"path": file.path, "sha256": file.sha256, "includes": list(file.includes)}


def parse_source(value: Any) -> Source:
    """Read an offer's ``source``.

    Not checked: that the origin is in its one spelling, which ``check_spelling`` does for a new offer. Nor
    that project, tag, commit and tree exist, that the tag is protected, and that the file is so.

    Raises:
        Malformed: a name is missing or unknown, or a value is not of its form.
    """
    names = ("provider", "origin", "project", "ref", "commit", "tree", "configuration", "user")
    read.only(value, names, where="source", optional=("base_path", "inputs_as"))
    provider = read.one_of(value, "provider", tuple(PROVIDERS))
    rules = rules_of(provider)
    return Source(
        provider=provider,
        origin=read.text(
            value,
            "origin",
            pattern=r"https://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?|http://127\.0\.0\.1:[0-9]{1,5}",
            says="https://host without a path",
        ),
        project=read.text(value, "project", pattern=rules.project_pattern, says=rules.project_says),
        ref=read.text(
            value,
            "ref",
            pattern=r"refs/tags/[A-Za-z0-9][A-Za-z0-9._/-]{0,99}",
            says="the full name of a protected tag, refs/tags/...",
        ),
        commit=read.text(value, "commit", pattern=_DIGEST, says="a full commit hash"),
        tree=read.text(value, "tree", pattern=_DIGEST, says="a full tree hash"),
        configuration=_configuration(value["configuration"]),
        user=read.whole(value, "user", low=1, high=2**53 - 1),
        base_path=_base_path(value),
        inputs_as=read.one_of(value, "inputs_as", rules.input_ways) if "inputs_as" in value else INPUTS,
    )


def check_spelling(source: Source) -> None:
    """The origin of a new offer is in its one spelling; offers that were made before may have another.

    Raises:
        Malformed: it is spelled otherwise, or is a public one, which serves no API under a path.
    """
    canonical = canonical_origin(source.origin)
    if source.origin != canonical:
        raise Malformed(f"origin: expected {canonical}, got {source.origin}, which is the same place")
    token = source.rules.token
    if source.base_path and token is not None and canonical in token.public:
        raise Malformed(f"base_path: expected none at {canonical}, got {source.base_path}")


def split_base(url: str) -> tuple[str, str]:
    """The canonical origin of the address that a provider is served under, and the path behind it.

    Raises:
        Malformed: it is no such address, or has a path that no offer can name.
    """
    match = re.fullmatch(r"([^/]*//[^/]*)(/.*)?", url.rstrip("/"), re.DOTALL)
    if match is None:
        raise Malformed(f"origin: expected https://host[:port], perhaps with a path, got {without_user(url)}")
    origin, path = canonical_origin(match[1]), match[2] or ""
    return origin, _base_path({"base_path": path}) if path else ""


def _base_path(value: Any) -> str:
    if "base_path" not in value:
        return ""
    says = "one or two names, each with a slash before it"
    return read.text(value, "base_path", pattern=_BASE_PATH, says=says)


def _configuration(value: Any) -> Configuration:
    read.only(value, ("path", "sha256", "includes"), where="configuration")
    includes = value["includes"]
    if not isinstance(includes, list) or len(includes) > MAX_INCLUDES:
        raise Malformed(f"includes: expected a list of at most {MAX_INCLUDES}, got something else")
    numbered = {f"includes[{at}]": include for at, include in enumerate(includes)}
    return Configuration(
        path=read.text(value, "path", pattern=_PATH, says="a path inside the repository"),
        sha256=read.text(value, "sha256", pattern=r"[0-9a-f]{64}", says="64 lower-case hex digits"),
        includes=tuple(
            read.text(numbered, name, pattern=r"[!-~]{1,200}", says="1 to 200 printable characters")
            for name in numbered
        ),
    )
