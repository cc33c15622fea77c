"""Read a pipeline's file: YAML in, what it declares out; its provider's ``pipeline_file.py`` reads it."""

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import yaml

from sealrun.errors import Malformed
from sealrun.offers.source import INPUTS
from sealrun.providers.gitlab.pipeline_file import with_defaults
from sealrun.providers.kind import kind_of
from sealrun.providers.pipeline import Pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.units import size

MAX_FILE_BYTES = 1 << 20
# A header with inputs comes first, and `---` ends it.
SPEC = re.compile(r"(?:[^\S\n]*(?:#.*)?\n|---[ \t]*\r?\n)*spec:")
_ANY = {"*": "[^/]*", "**": ".*"}


class _Loader(yaml.SafeLoader):
    """Safe YAML that keeps GitLab's own tags, such as ``!reference``, as plain values."""


def _tagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _tagged)


def read_pipeline(provider: str, text: bytes, inputs_as: str = INPUTS) -> Pipeline:
    """Read the file.

    Raises:
        CliError: it is too large, not YAML, or not what the provider takes.
    """
    if len(text) > MAX_FILE_BYTES:
        raise CliError(
            "pipeline", f"pipeline: expected at most {size(MAX_FILE_BYTES)}, got {size(len(text))}"
        )
    try:
        documents = [each for each in yaml.load_all(text, Loader=_Loader) if each is not None]
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark, words = getattr(error, "problem_mark", None), str(error).splitlines()[0]
        problem = f"{getattr(error, 'problem', None) or words}{f', line {mark.line + 1}' if mark else ''}"
        raise CliError("pipeline", f"pipeline: expected YAML, got {problem}", "repair the file") from error
    if not documents or not all(isinstance(each, dict) for each in documents):
        raise CliError("pipeline", "pipeline: expected a YAML mapping, got something else", "repair the file")
    form = kind_of(provider).form(inputs_as)
    try:
        return form.read_pipeline(documents)
    except Malformed as error:
        raise CliError("pipeline", error.detail, form.pipeline.start_advice) from error


def judgeable(text: bytes) -> str:
    """A GitLab file with defaults for its inputs; its body stays as it is, byte by byte."""
    whole = text.decode("utf-8", "replace")
    parts = re.split(r"(?m)^---[ \t]*\r?$", whole.removeprefix("---"), maxsplit=1)
    if not SPEC.match(whole) or len(parts) == 1:
        return whole
    header, body = parts
    value = yaml.load(header, Loader=_Loader)  # noqa: S506  a safe loader with GitLab's own tags
    return (
        f"{yaml.safe_dump(with_defaults(value), sort_keys=False)}---{body}"
        if isinstance(value, dict)
        else whole
    )


def wildcard(path: str) -> re.Pattern[str]:
    """The project's own paths that such an include takes: https://docs.gitlab.com/ci/yaml/includes/."""
    parts = re.split(r"(\*+)", path.removeprefix("./").strip("/"))
    return re.compile("".join(_ANY.get(part[:2], re.escape(part)) for part in parts))


def followed(
    pipeline: Pipeline, names: AbstractSet[str], read: Callable[[str], Pipeline | None]
) -> Iterator[tuple[str, list[str]]]:
    """The project's own files that are included, also by those that can be read.

    Yields:
        What an include names, and those of ``names`` that it takes and none did before.
    """
    seen, waiting = set[str](), [pipeline]
    while waiting:
        for include in waiting.pop().includes:
            kind, _, path = include.partition(":")
            if kind == "local":
                taken = sorted(filter(wildcard(path).fullmatch, names - seen))
                yield path, taken
                seen.update(taken)
                waiting += filter(None, map(read, taken))
