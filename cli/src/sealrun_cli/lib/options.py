"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun.offers.asset import FEES

File = Annotated[Path, typer.Option("--file", help="The offer.", metavar="FILE")]
TokenFile = Annotated[
    str, typer.Option("--token-file", help="File of the access token, - for stdin.", metavar="FILE")
]
ServedFolder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="What is not named elsewhere: ledger.db, evidence/, keys.json.",
        envvar="STATE_DIRECTORY",
        metavar="DIR",
    ),
]
Store = Annotated[
    str,
    typer.Option("--store", help="sqlite:///PATH or postgresql://...", envvar="SEALRUN_STORE", metavar="URL"),
]
EvidencePlace = Annotated[
    str,
    typer.Option(
        "--evidence",
        help="A folder, or s3://BUCKET?endpoint=URL.",
        envvar="SEALRUN_EVIDENCE",
        metavar="WHERE",
    ),
]
KeyFile = Annotated[str, typer.Option("--keys", help="The key file.", envvar="SEALRUN_KEYS", metavar="FILE")]
PassphraseFile = Annotated[
    str,
    typer.Option(
        "--passphrase-file",
        help="File of the key file's passphrase, - for stdin.",
        envvar="SEALRUN_PASSPHRASE_FILE",
        metavar="FILE",
    ),
]
Given = Annotated[
    list[str] | None, typer.Option("--input", help="One input of the pipeline.", metavar="NAME=VALUE")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Account = Annotated[str, typer.Argument(help="Address of the prepaid account.", metavar="ACCOUNT")]
OfferUrl = Annotated[str, typer.Argument(help="https://.../offers/ID", metavar="OFFER_URL")]
Key = Annotated[
    str, typer.Option("--key", help="File of your private key, mode 0600; - for stdin.", metavar="FILE")
]
Url = Annotated[str, typer.Option("--url", help="The operator's URL.", metavar="URL")]
Node = Annotated[
    str,
    typer.Option("--node", help="GraphQL URL of a Mina node.", envvar="SEALRUN_MINA_NODE", metavar="URL"),
]
Loopback = Annotated[
    bool,
    typer.Option(
        "--unsafe-loopback",
        help="Ask addresses on this machine that strangers named: a local stack's.",
        envvar="SEALRUN_UNSAFE_LOOPBACK",
    ),
]
Network = Annotated[str, typer.Option("--network", help="mina:devnet or mina:mainnet.")]
Fee = Annotated[str, typer.Option("--fee", help=f"Transaction fee, in {FEES.symbol}.", metavar=FEES.symbol)]
NoProofs = Annotated[
    bool, typer.Option("--no-proofs", help="For a local chain that runs with --no-proofs only.")
]
PollMs = Annotated[int, typer.Option("--poll-ms", help="Milliseconds between looks for the block.", min=50)]
State = Annotated[
    Path,
    typer.Option("--state", help="Folder of what your client signed.", envvar="SEALRUN_STATE", metavar="DIR"),
]
DEFAULT_NETWORK = "mina:devnet"
DEFAULT_FEE = "0.1"
DEFAULT_POLL_MS = 10_000
DEFAULT_STATE = Path.home() / ".local" / "state" / "sealrun"
