"""What an offer lets the public see of a run's evidence; all else stays a labelled black box."""

import fnmatch
from functools import cached_property
from re import Pattern
from re import compile as compiled
from typing import Any, Literal, NamedTuple

from sealrun.encoding import read
from sealrun.errors import Malformed
from sealrun.values import dataclass

MAX_PATTERNS = 50
# Longer lines of a log are never shown one by one.
MAX_LINE = 4096
# What the probe leaves of its values, all in one file.
PROBES_FILE = "probes.json"
Visibility = Literal["public", "buyer"]
_GLOB = r"[ -Z\\^-~]{1,200}"  # printable ASCII without [ and ]: * and ? are the only wildcards


@dataclass(frozen=True)
class Globs:
    """Shell patterns of ``*`` (anything) and ``?`` (one character), matched against whole names."""

    patterns: tuple[str, ...]

    def match(self, name: str) -> bool:
        """True if one of the patterns matches; without patterns nothing does."""
        return len(name) <= MAX_LINE and any(pattern.match(name) for pattern in self._compiled)

    @cached_property
    def _compiled(self) -> list[Pattern[str]]:
        return [compiled(fnmatch.translate(pattern)) for pattern in self.patterns]


class EvidencePolicy(NamedTuple):
    """Which evidence anyone may see, and which grade a run must reach. A buyer sees all of its own call.

    ``token`` is about the jobs' CI tokens once they have expired (E2); ``deterministic`` declares that the
    same inputs leave the same outputs, so that a repeated run says something (grade 2).
    """

    inputs: Visibility
    outputs: Globs  # of names, job/path
    log: Globs  # of a log's lines as a terminal shows them (evidence.log_lines)
    symbols: Globs  # of functions in the runtime profile
    probes: tuple[str, ...]  # of values that the probe took
    token: Visibility
    grade: int  # what a run must reach to be paid, 0 or 1
    deterministic: bool

    def shows_as_it_came(self, label: str) -> bool:
        """True for a file of the probe that may be shown whole; that of its values holds unnamed ones too."""
        return "*" in self.symbols.patterns and not label.endswith(f"/{PROBES_FILE}")


def parse_policy(value: Any) -> EvidencePolicy:
    """Read an offer's ``evidence``.

    Raises:
        Malformed: a name is missing or unknown, a value is not of its form, or inputs that only the buyer
            may see stand beside a log that the public sees (R7).
    """
    names = ("inputs", "outputs", "log", "symbols", "probes", "token", "grade", "deterministic")
    read.only(value, names, where="evidence")
    policy = EvidencePolicy(
        inputs=_visibility(value, "inputs"),
        outputs=Globs(_texts(value, "outputs", _GLOB)),
        log=Globs(_texts(value, "log", _GLOB)),
        symbols=Globs(_texts(value, "symbols", _GLOB)),
        probes=_texts(value, "probes", r"[a-z][a-z0-9_]{0,31}"),
        token=_visibility(value, "token"),
        grade=read.whole(value, "grade", low=0, high=1),
        deterministic=read.truth(value, "deterministic"),
    )
    if policy.inputs == "buyer" and policy.log.patterns:
        raise Malformed("log: expected no pattern where the inputs are the buyer's, got some")
    return policy


def _visibility(value: dict[str, Any], name: str) -> Visibility:
    return "public" if read.one_of(value, name, ["public", "buyer"]) == "public" else "buyer"


def _texts(value: dict[str, Any], name: str, pattern: str) -> tuple[str, ...]:
    texts = value[name]
    if not isinstance(texts, list) or len(texts) > MAX_PATTERNS:
        raise Malformed(f"{name}: expected a list of at most {MAX_PATTERNS} patterns, got something else")
    says = "1 to 200 printable characters without [ and ]" if pattern == _GLOB else "a name of a-z, 0-9 and _"
    return tuple(read.text({name: text}, name, pattern=pattern, says=says) for text in texts)
