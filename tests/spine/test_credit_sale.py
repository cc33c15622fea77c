"""One credit from its issue to its end, by commands, as `make demo-market` shows it with real proofs."""

from pathlib import Path

import pytest

from local.credit_sale import STEPS, CreditSale, run
from local.steps import Progress

pytestmark = pytest.mark.peers


def test_an_offer_is_listed_found_paid_in_credits_resold_settled_and_cashed_by_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(CreditSale(Progress(STEPS), tmp_path / "seller", proofs=False))
    assert f"[{STEPS}/{STEPS}]" in capsys.readouterr().out
