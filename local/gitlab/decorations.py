"""A job's log as GitLab Runner writes it: sections, colours, and before each line its time and stream.

https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections. The runner's own words stand in stream
00, the job's in 01; O is standard output. A line with a plus goes on with the line before it.
https://docs.gitlab.com/ci/jobs/job_logs/#job-log-timestamps
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

_CLEAR, _BOLD, _GREEN, _END = "\x1b[0K", "\x1b[36;1m", "\x1b[32;1m", "\x1b[0;m"
# What the runner itself says in the section; each section has a heading, but for the script.
_BEFORE = {
    "prepare_executor": 'Preparing the "shell" executor',
    "prepare_script": "Preparing environment",
    "get_sources": "Getting source from Git repository",
}
_SCRIPT = 'Executing "step_script" stage of the job script'
_STEP = timedelta(microseconds=137)


def decorated(log: str, started: float) -> str:
    """With sections and colours; ``started`` is in Unix seconds."""
    return "".join(text for _, text in _pieces(log, int(started)))


def timestamped(log: str, started: float) -> str:
    """The same with a time and a stream before each line."""
    moment = datetime.fromtimestamp(started, UTC)
    lines: list[str] = []
    for stream, text in _pieces(log, int(started)):
        goes_on = bool(lines) and not lines[-1].endswith("\n")
        prefix = f"{moment.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} {stream}O{'+' if goes_on else ' '}"
        # The runner ends its line after a marker, which itself ends in a carriage return.
        lines.append(f"\n{prefix}{text}" if goes_on else f"{prefix}{text}")
        moment += _STEP
    return "".join(lines)


def _pieces(log: str, second: int) -> Iterator[tuple[str, str]]:
    """Stream and text of each piece that the runner writes; a marker of a section ends no line."""
    yield "00", f"{_CLEAR}Running with gitlab-runner 18.7.0{_END}\n"
    for section, heading in _BEFORE.items():
        yield "00", f"section_start:{second}:{section}\r{_CLEAR}"
        yield "00", f"{_CLEAR}{_BOLD}{heading}{_END}{_END}\n"
        yield "00", f"section_end:{second}:{section}\r{_CLEAR}"
    yield "00", f"section_start:{second}:step_script\r{_CLEAR}"
    yield "00", f"{_CLEAR}{_BOLD}{_SCRIPT}{_END}{_END}\n"
    for line in log.splitlines(keepends=True):
        yield "01", line if line.endswith("\n") else f"{line}\n"
    yield "00", f"section_end:{second}:step_script\r{_CLEAR}"
    yield "00", f"{_GREEN}Job succeeded{_END}\n"
