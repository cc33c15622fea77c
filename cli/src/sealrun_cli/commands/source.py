"""``sealrun source``: a git commit as one field, and proofs of the files in it for zkApps."""

import json
from hashlib import file_digest
from pathlib import Path
from typing import Annotated

import typer

from sealrun.errors import Malformed
from sealrun.mirror.objects import tree_of
from sealrun.mirror.path import Path as MirrorPath
from sealrun.mirror.path import read_path
from sealrun_cli.lib import options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.help import example
from sealrun_cli.lib.mirrors import open_mirror
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.verifying import BROKEN

# Of 64 components; a step takes about 1.3 kB.
MAX_BYTES = 1 << 20

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="A git commit as one field, and proofs of its files."
)
Clone = Annotated[Path, typer.Option("--repository", help="A clone of it.", metavar="DIR")]
HERE = Path()


@app.command(epilog=example("sealrun source root v1.0"))
def root(
    revision: Annotated[str, typer.Argument(help="A commit, tag or branch.", metavar="REVISION")] = "HEAD",
    *,
    repository: Clone = HERE,
    as_json: options.Json = False,
) -> None:
    """Hash a commit's files into one field.

    Each object is compared with its id. Directories that were hashed before are not read again.
    """
    with speaking(as_json=as_json) as out, open_mirror(repository) as mirror:
        commit = Repository(repository).commit(revision)
        tree = tree_of(commit, mirror.objects.read("commit", commit))
        found = mirror.root(commit)
        value = {"commit": commit, "tree": tree, "root": str(found)}
        out.result(value, f"commit  {commit}", f"tree    {tree}", f"root    {found}")


@app.command(epilog=example("sealrun source path docs/index.md --revision v1.0 --to path.json"))
def path(
    file: Annotated[str, typer.Argument(help="A file's path in the repository.", metavar="PATH")],
    *,
    revision: Annotated[str, typer.Option(help="A commit, tag or branch.", metavar="REVISION")] = "HEAD",
    to: Annotated[
        Path | None, typer.Option(help="Write the proof into this new file.", metavar="FILE")
    ] = None,
    repository: Clone = HERE,
    as_json: options.Json = False,
) -> None:
    """Prove that a file stands in a commit.

    The proof is what a zkApp takes as its witness. It shows the names beside it nobody, only their hashes.
    """
    with speaking(as_json=as_json) as out, open_mirror(repository) as mirror:
        commit = Repository(repository).commit(revision)
        found = mirror.path(commit, file)
        last = found.steps[-1].leaf
        digest = f"{last.high:032x}{last.low:032x}"
        value = {
            "path": file,
            "sha256": digest,
            "root": str(found.root()),
            "commit": commit,
            "steps": found.value(),
        }
        lines = [f"file    {file}", f"sha256  {digest}", f"root    {value['root']}", f"commit  {commit}"]
        if to is not None:
            try:
                with to.open("x") as written:
                    json.dump(value, written)
            except FileExistsError as error:
                raise CliError("file", f"{to}: expected no such file yet, got one", "name another") from error
            lines.append(f"proof   {to}")
        out.result(value, *lines)


@app.command(epilog=example("sealrun source verify path.json --root 1234 --file index.md"))
def verify(
    proof: Annotated[Path, typer.Argument(help="A proof of `source path`.", metavar="FILE")],
    *,
    wanted: Annotated[str, typer.Option("--root", help="The root that you trust.", metavar="ROOT")],
    file: Annotated[
        Path | None, typer.Option(help="Compare this file with the proof too.", metavar="FILE")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Check such a proof against a root, without the repository.

    The commit that the proof names is not compared: a root is all that it leads to.
    """
    with speaking(as_json=as_json) as out:
        named, sha256, steps = _read(proof)
        measured = _digest(file) if file else sha256
        holds = steps.holds(int(wanted) if wanted.isdecimal() else -1, named, measured)
        says = "HOLDS" if holds else "BROKEN: this file at this path does not lead to this root"
        value = {"holds": holds, "path": named, "sha256": measured.hex()}
        out.result(value, says, f"file    {named}", f"sha256  {measured.hex()}")
    if not holds:
        raise typer.Exit(BROKEN)


def _read(proof: Path) -> tuple[str, bytes, MirrorPath]:
    try:
        if proof.stat().st_size > MAX_BYTES:
            raise CliError("file", f"{proof}: expected at most {MAX_BYTES} bytes, got more")
        value = json.loads(proof.read_bytes())
        return value["path"] + "", bytes.fromhex(value["sha256"]), read_path(value["steps"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        detail = f"{proof}: expected a proof of `sealrun source path`, got something else"
        raise CliError("file", detail) from error
    except Malformed as error:
        raise CliError("file", f"{proof}: {error.detail}") from error


def _digest(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return file_digest(opened, "sha256").digest()
    except OSError as error:
        raise CliError("file", f"{file}: expected a file, got {error.strerror}") from error
