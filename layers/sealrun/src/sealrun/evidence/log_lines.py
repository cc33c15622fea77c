"""The lines of a job's log as a terminal shows them: an offer's patterns are matched against these lines.

The stored log stays as it came, because the receipt covers its bytes. Only to match and to show a line is
its decoration taken off: the provider's timestamps and section markers, text that a carriage return
overwrote, colours, cursor movements and links. The collector shows some of these lines, and whoever verifies
looks for each shown line in the log, so both must read exactly the same ones. That is why this is one pure
function, and why its answer does not depend on the chunks in which the log arrives.

Not rendered: cursor movements to another line, and the rest of a long text under a shorter one.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealrun.offers.evidence_policy import MAX_LINE

# Bytes between two carriage returns; escape sequences take room beside the text. What follows is cut off.
MAX_STRETCH = 4 * MAX_LINE
_ENDS = re.compile(rb"([\r\n])")
_MICROSECONDS = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"
# GitLab: timestamp, stream number, O or E, and a plus where the line continues the one before of its stream.
# https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/ci/ansi2json/converter.rb
_GITLAB_STAMP = re.compile(_MICROSECONDS + rb"Z (?P<stream>[0-9a-f]{2}[EO])(?:(?P<continues>\+)| |\Z)")
# GitHub, Gitea and Forgejo: seven digits of a second. GitHub's runner begins each 2 MiB with a UTF-8 mark:
# https://github.com/actions/runner/blob/main/src/Runner.Common/Logging.cs
_OTHER_STAMP = re.compile(
    rb"(?:\xef\xbb\xbf)?" + _MICROSECONDS + rb"\dZ(?P<stream>)(?P<continues>(?!))?(?: |\Z)"
)
# Escape sequences of ECMA-48, each also where the line ends within it: control sequences, then strings such
# as titles and links (https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda), then the others.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|\Z)"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\|\Z)?"
    r"|\x1b[ -/]*(?:[0-~]|\Z)"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ERASE = re.compile(r"(?:\x1b\[|\x9b)[0-2]?[JK]")
# Back to the first column, or the whole line erased: as good as a carriage return.
_RESTART = re.compile(r"(?:\x1b\[|\x9b)(?:[01]?G|2K)")
# https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
_SECTION = re.compile(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]*\])?")
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#grouping-log-lines
_GROUP = re.compile(r"##\[(?:end)?group\]|::(?:end)?group::")


@dataclass(frozen=True)
class LogLine:
    """One line.

    ``number`` counts the LFs of the stored log, from 1; a continued line has the number of its beginning.
    ``text`` has at most ``MAX_LINE`` characters and no control character: a tab is a space.
    """

    number: int
    text: str


def read_lines(chunks: Iterable[bytes]) -> Iterator[LogLine]:
    """Every line of a log, empty ones too, in memory that does not grow with the log.

    A log has timestamps if its first line begins with one; otherwise those in it are a program's own. Bytes
    that are not UTF-8 read U+FFFD.
    """
    stamps, line = _Stamps(), None
    for number, begins, stretch, end in _stretches(chunks):
        text, continues = stamps.taken_off(stretch) if begins else (stretch, True)
        if line is None or not continues:
            if line is not None:
                yield line.read()
            line = _Line(number)
        line.add(text, over=end == b"\r")
    if line is not None:
        yield line.read()


def _stretches(chunks: Iterable[bytes]) -> Iterator[tuple[int, bool, bytes, bytes]]:
    """The bytes up to each CR or LF, at most ``MAX_STRETCH`` of them.

    With the number of LFs before them, counted from 1; whether they begin a line; and the CR or LF itself.
    """
    stretch, number, begins = b"", 1, True
    for chunk in chunks:
        parts = _ENDS.split(chunk)
        for part, end in zip(parts[:-1:2], parts[1::2], strict=True):
            yield number, begins, (stretch + part)[:MAX_STRETCH], end
            stretch, begins = b"", end == b"\n"
            number += begins
        stretch = (stretch + parts[-1])[:MAX_STRETCH]
    if stretch:
        yield number, begins, stretch, b""


class _Stamps:
    """The timestamps of one log, in the form that its first line has."""

    def __init__(self) -> None:
        self._at_first = True
        self._form: re.Pattern[bytes] | None = None
        self._stream = b""  # of the line before

    def taken_off(self, line: bytes) -> tuple[bytes, bool]:
        """The beginning of a line without its timestamp, and whether it continues the line before.

        GitLab's runner writes each stream by itself: what continues progress on stderr may stand behind a
        line on stdout, and is a line of its own then.
        """
        if self._at_first:
            self._at_first = False
            line = line.removeprefix(codecs.BOM_UTF8)  # GitHub's logs begin with it
            self._form = next((form for form in (_GITLAB_STAMP, _OTHER_STAMP) if form.match(line)), None)
        if self._form is None or (stamp := self._form.match(line)) is None:
            return line, False
        before, self._stream = self._stream, stamp["stream"]
        return line[stamp.end() :], stamp["continues"] is not None and self._stream == before


class _Line:
    """One line, while its stretches arrive: each overwrites the one before, unless it shows nothing."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._text, self._stretch = "", b""

    def add(self, stretch: bytes, *, over: bool) -> None:
        """Continue the line; ``over`` says that a carriage return follows."""
        self._stretch = (self._stretch + stretch)[:MAX_STRETCH]
        if over:
            self._text, self._stretch = self._shown(), b""

    def read(self) -> LogLine:
        """The line as it stands."""
        text = self._shown()
        if _SECTION.fullmatch(text):
            text = ""
        elif group := _GROUP.match(text):
            text = text[group.end() :]
        return LogLine(self._number, text[:MAX_LINE])

    def _shown(self) -> str:
        """What the line shows up to here: CRLF and a colour behind a carriage return erase nothing."""
        if not self._stretch:
            return self._text
        decoded = _decoded(self._stretch)
        if decoded.isprintable() and decoded:
            return decoded
        text = _CONTROL.sub("", _SEQUENCE.sub("", _RESTART.split(decoded)[-1]).replace("\t", " "))
        return text if text or _ERASE.search(decoded) else self._text


def _decoded(stretch: bytes) -> str:
    """Text; a character that the bound cut in two is left out."""
    if len(stretch) < MAX_STRETCH:
        return stretch.decode("utf-8", "replace")
    return codecs.getincrementaldecoder("utf-8")("replace").decode(stretch)
