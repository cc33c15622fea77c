"""The pinned hashes of the contracts' verification keys."""

import json

from sealrun_cli.lib import background

VERIFICATION_KEYS = background.ROOT / "contracts" / "verification_keys.json"


def pinned_keys() -> dict[str, str]:
    """The hash of each contract's verification key, by the contract's name."""
    keys = json.loads(VERIFICATION_KEYS.read_text())
    return {name: keys[name]["hash"] for name in ("PrepaidAccount", "Offer")}
