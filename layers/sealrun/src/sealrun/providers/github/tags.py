"""Do a repository's rulesets keep a tag where it is? Pure.

https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Rules that together keep a tag: it can be neither moved nor deleted (and made anew).
KEEPING = frozenset({"update", "deletion"})
_ANY = "~ALL"


def protected(rulesets: Iterable[Mapping[str, Any]], ref: str) -> bool:
    """True if active rulesets forbid moving and deleting the tag (``refs/tags/...``).

    Not checked: who may bypass them, which GitHub shows to administrators only. A bypass that
    moves the tag shows in the tag's commit, which is compared before and after each run (R4).
    """
    return {kind for ruleset in rulesets if _applies(ruleset, ref) for kind in _kinds(ruleset)} >= KEEPING


def _applies(ruleset: Mapping[str, Any], ref: str) -> bool:
    if ruleset.get("enforcement") != "active" or ruleset.get("target") != "tag":
        return False
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}
    included = any(fits(pattern, ref, doubtful=False) for pattern in names.get("include") or [])
    return included and not any(fits(pattern, ref, doubtful=True) for pattern in names.get("exclude") or [])


def _kinds(ruleset: Mapping[str, Any]) -> list[str]:
    return [str(rule.get("type")) for rule in ruleset.get("rules") or []]


def fits(pattern: str, ref: str, *, doubtful: bool) -> bool:
    """GitHub's fnmatch, as far as ``*``, ``**`` and ``?`` go; ``doubtful`` for any other syntax."""
    if pattern == _ANY:
        return True
    if re.search(r"[\[\]{}\\~]", pattern):
        return doubtful
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    wild = {"*": "[^/]*", "?": "[^/]", "**": ".*", "**/": "(?:.*/)?"}
    return re.fullmatch("".join(wild.get(part, re.escape(part)) for part in parts), ref) is not None
