"""Do a repository's rulesets keep a tag where it is? Pure.

https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sealrun.providers.github.answers import READER, objects, one_object

# Rules that together keep a tag: it can be neither moved nor deleted (and made anew).
KEEPING = frozenset({"update", "deletion"})
_ANY = "~ALL"
# Of one ruleset, and characters of one: a ref in an offer is shorter by far.
MAX_PATTERNS, MAX_PATTERN = 200, 255


def protected(rulesets: Iterable[Mapping[str, Any]], ref: str) -> bool:
    """True if active rulesets forbid moving and deleting the tag (``refs/tags/...``).

    Unclear where one is not of GitHub's form (``ProviderUnclear``).

    Not checked: who may bypass them, which GitHub shows to administrators only. A bypass that
    moves the tag shows in the tag's commit, which is compared before and after each run (R4).
    """
    return {kind for ruleset in rulesets if _applies(ruleset, ref) for kind in _kinds(ruleset)} >= KEEPING


def _applies(ruleset: Mapping[str, Any], ref: str) -> bool:
    if ruleset.get("enforcement") != "active" or ruleset.get("target") != "tag":
        return False
    names = one_object(one_object(ruleset.get("conditions") or {}).get("ref_name") or {})
    included = any(each == _ANY or fits(each, ref, doubtful=False) for each in _patterns(names, "include"))
    return included and not any(fits(pattern, ref, doubtful=True) for pattern in _patterns(names, "exclude"))


def _patterns(names: Mapping[str, Any], name: str) -> list[str]:
    listed = names.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise READER.unclear(f"expected a list of patterns as {name}, got something else")
    if len(listed) > MAX_PATTERNS:
        raise READER.unclear(f"expected at most {MAX_PATTERNS} patterns as {name}, got {len(listed)}")
    return listed


def _kinds(ruleset: Mapping[str, Any]) -> list[str]:
    return [str(rule.get("type")) for rule in objects(ruleset.get("rules") or [])]


def fits(pattern: str, ref: str, *, doubtful: bool) -> bool:
    """GitHub's fnmatch, as far as stars and ``?`` go; ``doubtful`` for any other syntax.

    Two stars that are a whole part stand for any number of parts; elsewhere, and at the end, they are one.
    A pattern is its seller's: many stars in a regular expression of our own take for ever (L11).
    """
    if re.search(r"[\[\]{}\\~]", pattern) or len(pattern) > MAX_PATTERN:
        return doubtful
    if doubtful and re.search(r"\*\*(?!/)|[^/]\*\*", pattern):
        return True
    *before, last = pattern.split("/")
    parts, ends = ref.split("/"), {0}  # how many parts of the ref the pattern's so far may be
    for wanted in before:
        if wanted == "**":
            ends = set(range(min(ends, default=len(parts)), len(parts)))
        else:
            ends = {at + 1 for at in ends if at < len(parts) and _fits(wanted, parts[at])}
    return len(parts) - 1 in ends and _fits(last, parts[-1])


def _fits(wanted: str, part: str) -> bool:
    """Python's translation never tries a star again once what follows it is found."""
    return re.fullmatch(fnmatch.translate(wanted), part) is not None
