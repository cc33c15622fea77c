"""Where the contracts' programs and pinned keys stand: in a checkout, or in the package ``sealrun-tools``."""

import importlib.util
import json
import os
from pathlib import Path

from sealrun.chain.account import Pinned
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import for_node

CHECKOUT = Path(__file__).resolve().parents[4] / "contracts"
# Compiled circuits are kept here where there is no checkout to keep them in; about 200 MB.
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sealrun" / "o1js"


def contracts() -> Path:
    """The folder with ``build/tools`` and ``verification_keys.json``; a checkout comes first.

    Raises:
        CliError: there is neither.
    """
    if (CHECKOUT / "package.json").exists():
        return CHECKOUT
    spec = importlib.util.find_spec("sealrun_tools")
    if spec is None or spec.origin is None:
        detail = "contracts: expected the package sealrun-tools, got none"
        raise CliError("tools", detail, 'run: pip install "sealrun-cli[chain]"')
    return Path(spec.origin).parent


def environment() -> dict[str, str]:
    """This process's environment, a place for compiled circuits that can be written to, and the way out."""
    kept = {} if contracts() == CHECKOUT else {"SEALRUN_O1JS_CACHE": str(CACHE)}
    return {**kept, **os.environ, **for_node()}


def pinned_keys() -> dict[str, str]:
    """The hash of each contract's verification key, by the contract's name."""
    keys = json.loads((contracts() / "verification_keys.json").read_text())
    return {name: key["hash"] for name, key in keys.items() if isinstance(key, dict)}


def account_codes() -> list[Pinned]:
    """The code that prepaid accounts have: where the oracle's word settles them, and where proofs do."""
    keys = pinned_keys()
    return [Pinned(keys[name]) for name in ("PrepaidAccount", "ProvedAccount")]
