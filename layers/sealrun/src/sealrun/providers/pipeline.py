"""What a pipeline's own file declares, in words that fit every provider: its inputs, its name, its faults.

Pure. Each provider's ``pipeline_file.py`` reads its own form into this.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_SHA_LENGTHS = (40, 64)


class Declared(NamedTuple):
    """One input as the pipeline declares it, in its provider's own words."""

    name: str
    kind: str  # string, number, boolean, choice, array, environment
    required: bool
    options: tuple[str, ...] = ()
    regex: str = ""
    description: str = ""
    unknown: tuple[str, ...] = ()  # members that nothing here knows
    default: Any = None  # as the file has it; None for none, and for YAML's null


class Uncertain(NamedTuple):
    """A job that need not succeed in a run that its provider calls a success (R8)."""

    job: str  # its name, as the provider shows it
    why: str
    # It is certain for an offer whose ``project/`` or ref begins with each of these; for no offer if empty.
    beginnings: tuple[str, ...] = ()


class Pipeline(NamedTuple):
    """What one configuration file says."""

    inputs: Mapping[str, Declared]
    name: str  # of its runs, as the file writes it
    includes: tuple[str, ...]  # as ``sealrun.offers.source.Configuration`` writes them
    troubles: tuple[str, ...] = ()  # what makes its runs unfit to be sold (R5): "what is; what to do"
    cancels_itself: bool = False  # a newer commit may cancel a run
    timeouts: Mapping[str, str] = {}  # by job, in the provider's words
    with_token: tuple[str, ...] = ()  # jobs whose CI token is made out to the call
    jobs: tuple[str, ...] = ()  # names of the jobs in this file, as the provider shows them
    spread: Mapping[str, str] = {}  # by job: a pattern of the names that its runs have instead of its own
    more_jobs: bool = False  # files that are not looked at may bring further ones
    shown: tuple[str, ...] = ()  # what else names jobs, stages and archives, in the file's own words
    handed: tuple[tuple[str, str], ...] = ()  # other files whose jobs run, and what the file hands to each
    by_run: tuple[str, ...] = ()  # includes that may be others in another run: by their rules, or their names
    uncertain: tuple[Uncertain, ...] = ()
    last_job: bool = False  # it ends in a job whose CI token can name the call done
    # What keeps that token from saying so of all other jobs: "what is; what to do".
    last_job_troubles: tuple[str, ...] = ("expected a provider whose last job can be told apart; use GitLab",)
    unread: tuple[str, ...] = ()  # files whose jobs run as well, and were not looked at
    own_runners: tuple[str, ...] = ()  # jobs that run where the seller can do anything, likewise


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one: what is not of its form declares nothing."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list, or the one that stands in its place."""
    return value if isinstance(value, list) else [value] if value else []


def waiting_for(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    """Each job that needs one of these, also through others, with that one.

    Args:
        names: of jobs.
        needs: the jobs that each job names itself, by its name.
    """
    users: dict[str, list[str]] = {}
    for user, others in needs.items():
        for other in others:
            users.setdefault(other, []).append(user)
    for name in names:
        found, waiting = {name}, [name]
        while waiting:
            new = dict.fromkeys(each for each in users.get(waiting.pop(), ()) if each not in found)
            found.update(new)
            waiting += new
            yield from ((each, name) for each in new)


def options(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of an input."""
    listed = found.get("options")
    return tuple(str(each) for each in listed) if isinstance(listed, list) else ()


def is_digest(text: str) -> bool:
    """True for a full commit hash."""
    return len(text) in _SHA_LENGTHS and all(each in "0123456789abcdef" for each in text)
