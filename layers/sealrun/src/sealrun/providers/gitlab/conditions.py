"""What the ``if`` of a rule says of a pipeline that a call starts by API at a tag. Pure.

https://docs.gitlab.com/ci/jobs/job_rules/#cicd-variable-expressions
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

# A call's pipeline comes from one of these: by an access token, or by a trigger token.
SOURCES = ("api", "trigger")
_UNSET = re.compile(r"CI_COMMIT_BRANCH|CI_OPEN_MERGE_REQUESTS|CI_(MERGE|EXTERNAL_PULL)_REQUEST_\w+")
_SET = ("CI", "CI_COMMIT_REF_NAME", "CI_COMMIT_SHA", "CI_COMMIT_TAG", "CI_DEFAULT_BRANCH", "GITLAB_CI")
_TOKENS = re.compile(
    r"""\s*(?:(?P<name>\$\{?\w+\}?)|(?P<text>"[^"]*"|'[^']*')|(?P<null>null\b)|(?P<pattern>/(?:\\.|[^/\\])+/i?)
    |(?P<operator>==|!=|=~|!~|&&|\|\||[()]))""",
    re.VERBOSE,
)
_MAX_CONDITION = 1000  # characters; a longer one is left to GitLab


class _Value(NamedTuple):
    """What an operand is: a text, unset (None), or unknown, of which ``some`` says that it is not empty."""

    text: str | None = None
    known: bool = True
    some: bool = False
    pattern: bool = False


_UNKNOWN = _Value(known=False)


def holds(condition: str, source: str) -> bool | None:
    """Whether the condition holds; None where only GitLab can tell, as of variables of the project."""
    if len(condition) > _MAX_CONDITION:
        return None
    try:
        return _Reader(list(_tokens(condition)), source).whole()
    except (ValueError, RecursionError):
        return None


def _tokens(condition: str) -> Iterator[tuple[str, str]]:
    at, text = 0, condition.strip()
    while at < len(text):
        found = _TOKENS.match(text, at)
        if not found:
            raise ValueError("no expression of GitLab's")
        yield str(found.lastgroup), found[str(found.lastgroup)]
        at = found.end()


class _Reader:
    """``||`` binds weaker than ``&&``, and that weaker than comparisons."""

    def __init__(self, tokens: list[tuple[str, str]], source: str) -> None:
        self._tokens, self._source = [*tokens, ("end", "")], source

    def whole(self) -> bool | None:
        value = self._either()
        if self._tokens[0][0] != "end":
            raise ValueError("more than one expression")
        return value

    def _took(self, *words: str) -> str:
        """The operator that comes next, if it is one of these."""
        kind, word = self._tokens[0]
        if kind != "operator" or word not in words:
            return ""
        del self._tokens[0]
        return word

    def _either(self) -> bool | None:
        return self._joined("||", self._both, decides=True)

    def _both(self) -> bool | None:
        return self._joined("&&", self._one, decides=False)

    def _joined(self, word: str, part: Callable[[], bool | None], *, decides: bool) -> bool | None:
        """Parts joined by the word: one that ``decides`` is enough, else an unknown one leaves it open."""
        value = part()
        while self._took(word):
            values = (value, part())
            value = decides if decides in values else None if None in values else not decides
        return value

    def _one(self) -> bool | None:
        if self._took("("):
            value = self._either()
            if not self._took(")"):
                raise ValueError("a parenthesis that is not closed")
            return value
        left = self._operand()
        operator = self._took("==", "!=", "=~", "!~")
        if not operator:
            return bool(left.text) if left.known else True if left.some else None
        right = self._operand()
        same = _matches(left, right) if "~" in operator else _equal(left, right)
        return None if same is None else same is not operator.startswith("!")

    def _operand(self) -> _Value:
        kind, word = self._tokens.pop(0)
        if kind == "name":
            return self._variable(word.strip("${}"))
        if "$[[" in word:  # an input, which GitLab puts in before it reads the condition
            return _UNKNOWN
        if kind == "pattern":
            return _Value(word, pattern=True)
        if kind not in ("text", "null"):
            raise ValueError("no operand")
        return _Value(None if kind == "null" else word[1:-1])

    def _variable(self, name: str) -> _Value:
        if name == "CI_PIPELINE_SOURCE":
            return _Value(self._source)
        if name == "CI_COMMIT_REF_PROTECTED":
            return _Value("true")
        if _UNSET.fullmatch(name):
            return _Value(None)
        return _Value(known=False, some=True) if name in _SET else _UNKNOWN


def _equal(left: _Value, right: _Value) -> bool | None:
    if left.known and right.known:
        return left.text == right.text
    known, unknown = (left, right) if left.known else (right, left)
    return False if unknown.some and known.known and not known.text else None


def _matches(left: _Value, right: _Value) -> bool | None:
    if not left.known or not right.pattern or right.text is None:
        return None
    body, _, flags = right.text[1:].rpartition("/")
    try:
        return re.search(body, left.text or "", re.IGNORECASE if flags else 0) is not None
    except re.error:
        return None
