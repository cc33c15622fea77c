"""``sealrun source``: a git commit as one field, and proofs of the files in it for zkApps."""

import json
import time
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from mina.keys import PublicKey
from mina.sign import sign_fields
from sealrun.adapters.files.plain_files import open_plain, read_plain
from sealrun.errors import Malformed
from sealrun.mirror.objects import tree_of
from sealrun.mirror.path import Path as MirrorPath
from sealrun.mirror.path import read_path
from sealrun.mirror.statement import MAX_BYTES as MAX_STATEMENT_BYTES
from sealrun.mirror.statement import Statement, read_signed, repository_url
from sealrun.receipts.token_proof import MAX_BYTES as MAX_PROOF_BYTES
from sealrun.receipts.token_proof import Audience
from sealrun.verification.tree_token import named_tree
from sealrun_cli.lib import issuer_keys as keys_option
from sealrun_cli.lib import options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.help import example
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.mirrors import open_mirror
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.token_proofs import program
from sealrun_cli.lib.units import when
from sealrun_cli.lib.verifying import BROKEN

# Of 64 components; a step takes about 1.3 kB.
MAX_BYTES = 1 << 20
# A field has at most 77.
MAX_DIGITS = 77

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="A git commit as one field, and proofs of its files."
)
Clone = Annotated[Path, typer.Option("--repository", help="A clone of it.", metavar="DIR")]
HERE = Path()
To = Annotated[Path, typer.Option(help="Write the statement into this new file.", metavar="FILE")]


@app.command(epilog=example("sealrun source root v1.0"))
def root(
    revision: Annotated[str, typer.Argument(help="A commit, tag or branch.", metavar="REVISION")] = "HEAD",
    *,
    repository: Clone = HERE,
    as_json: options.Json = False,
) -> None:
    """Hash a commit's files into one field.

    Each object is compared with its id. Directories that were hashed before are not read again. A CI token
    with the audience says that its job computed the root.
    """
    with speaking(as_json=as_json) as out, open_mirror(repository) as mirror:
        commit = Repository(repository).commit(revision)
        tree = tree_of(commit, mirror.objects.read("commit", commit))
        found = mirror.root(commit)
        audience = Audience("tree", commit.zfill(64), f"{found:064x}").text
        value = {"commit": commit, "tree": tree, "root": str(found), "audience": audience}
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
            _write(to, value)
            lines.append(f"proof   {to}")
        out.result(value, *lines)


@app.command(
    epilog=example(
        "sealrun source sign v1.0 --of https://gitlab.com/group/job --key oracle.key --to root.json"
    )
)
def sign(
    revision: Annotated[str, typer.Argument(help="A commit, tag or branch.", metavar="REVISION")] = "HEAD",
    *,
    of: Annotated[str, typer.Option(help="The repository's URL, which is signed.", metavar="URL")],
    key: Annotated[str, typer.Option(help="The oracle's key file, or - for stdin.", metavar="FILE")],
    to: To,
    network: options.Network = options.DEFAULT_NETWORK,
    repository: Clone = HERE,
    as_json: options.Json = False,
) -> None:
    """Sign as an oracle that a commit has its root.

    For zkApps that believe your key. Not checked: that the clone is of the repository that you name.
    """
    with speaking(as_json=as_json) as out, open_mirror(repository) as mirror:
        signer = read_key(key)
        commit = Repository(repository).commit(revision)
        statement = Statement(network, repository_url(of), commit, mirror.root(commit), int(time.time()))
        document = statement.signed(signer.public_key(), sign_fields(signer, statement.fields()))
        _write(to, document)
        data = document["data"]
        lines = [f"{name:<11} {data[name]}" for name in ("repository", "commit", "root")]
        out.result(document, *lines, f"signed by   {document['publicKey']}", f"statement   {to}")


@app.command(epilog=example("sealrun source verify path.json --root 1234 --file index.md"))
def verify(
    proof: Annotated[Path, typer.Argument(help="A proof of `source path`.", metavar="FILE")],
    *,
    wanted: Annotated[str, typer.Option("--root", help="The root that you trust.", metavar="ROOT")] = "",
    signed: Annotated[
        Path | None, typer.Option(help="Or the root of a statement of `source sign`.", metavar="FILE")
    ] = None,
    oracle: Annotated[str, typer.Option(help="Whose statement that is.", metavar="ADDRESS")] = "",
    token: Annotated[
        Path | None, typer.Option(help="Or the root that a token's proof names.", metavar="FILE")
    ] = None,
    issuer_keys: keys_option.File = None,
    file: Annotated[
        Path | None, typer.Option(help="Compare this file with the proof too.", metavar="FILE")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Check such a proof against a root, without the repository.

    The root is yours, or one that an oracle signed, or one that the token of a CI job names: then the commit
    and whoever vouches for it are shown. The commit that the proof itself names is not compared.
    """
    with speaking(as_json=as_json) as out:
        if [bool(wanted), bool(signed and oracle), bool(token and issuer_keys)].count(True) != 1:
            grounds = "--root, --signed with --oracle, or --token with --issuer-keys"
            raise CliError("bad-request", f"root: expected one of {grounds}")
        if signed:
            ground = _signed_ground(signed, oracle)
        elif token:
            ground = _token_ground(token, issuer_keys, out)
        else:
            is_field = wanted.isdecimal() and len(wanted) <= MAX_DIGITS
            ground = Ground(int(wanted) if is_field else -1, {}, ())
        named, sha256, steps = _read(proof)
        measured = _digest(file) if file else sha256
        holds = steps.holds(ground.root, named, measured)
        says = "HOLDS" if holds else "BROKEN: this file at this path does not lead to this root"
        value = {"holds": holds, "path": named, "sha256": measured.hex(), **ground.value}
        out.result(value, says, f"file    {named}", f"sha256  {measured.hex()}", *ground.lines)
    if not holds:
        raise typer.Exit(BROKEN)


class Ground(NamedTuple):
    """A root, and who vouches for it."""

    root: int
    value: dict[str, Any]
    lines: tuple[str, ...]


def _signed_ground(file: Path, oracle: str) -> Ground:
    try:
        key = PublicKey.from_base58(oracle)
    except ValueError as error:
        raise CliError("bad-request", f"--oracle: {error}") from error
    found = read_signed(read_plain(file, at_most=MAX_STATEMENT_BYTES), key)
    value = {"network": found.network, "repository": found.repository, "commit": found.commit, "at": found.at}
    signed_at = when(found.at)
    says = f"on the word of {oracle}, {signed_at}, for {found.network}"
    return Ground(found.root, value, (f"commit  {found.commit} of {found.repository}", says))


def _token_ground(file: Path, issuer_keys: Path | None, out: Output) -> Ground:
    keys = keys_option.read_keys(issuer_keys, unsafe_loopback=False)
    found = named_tree(read_plain(file, at_most=MAX_PROOF_BYTES), keys, program(out))
    claims = ", ".join(f"{name} {value}" for name, value in found.facts.items())
    value = {
        "commit": found.commit,
        "at": found.at,
        "facts": dict(found.facts),
        "key_root": str(found.key_root),
    }
    says = f"on the word of the pipeline with {claims}, {when(found.at)}"
    return Ground(found.root, value, (f"commit  {found.commit}", says))


def _write(to: Path, value: object) -> None:
    try:
        with to.open("x") as written:
            json.dump(value, written)
    except FileExistsError as error:
        raise CliError("file", f"{to}: expected no such file yet, got one", "name another") from error


def _read(proof: Path) -> tuple[str, bytes, MirrorPath]:
    try:
        document = read_plain(proof, at_most=MAX_BYTES)
        if len(document) > MAX_BYTES:
            raise CliError("file", f"{proof}: expected at most {MAX_BYTES} bytes, got more")
        value = json.loads(document)
        return value["path"] + "", bytes.fromhex(value["sha256"]), read_path(value["steps"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        detail = f"{proof}: expected a proof of `sealrun source path`, got something else"
        raise CliError("file", detail) from error
    except Malformed as error:
        raise CliError("file", f"{proof}: {error.detail}") from error


def _digest(file: Path) -> bytes:
    try:
        with open_plain(file) as opened:
            return file_digest(opened, "sha256").digest()
    except OSError as error:
        raise CliError("file", f"{file}: expected a file, got {error.strerror}") from error
