"""Whether a CI token's proof holds, asked of the contracts' program ``verify-token``."""

from sealrun.receipts.token_proof import TokenProof
from sealrun.verification.token_proof import Check
from sealrun_cli.lib.contracts import contracts
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.tools import run_offline


def no_program(_proof: TokenProof) -> None:
    """Nothing here checks proofs."""


def program(out: Output) -> Check:
    """The installed program; offline, with its own pinned verification key."""

    def holds(proof: TokenProof) -> bool | None:
        try:
            contracts()
        except CliError:
            return None
        return run_offline("verify-token", out, proof=proof.document)["holds"] is True

    return holds
