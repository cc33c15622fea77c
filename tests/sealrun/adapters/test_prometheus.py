"""What Prometheus reads: fixed names and labels, and a figure that cannot be read leaves the others there."""

import re
from dataclasses import replace
from pathlib import Path

from prometheus_client import generate_latest

from sealrun.adapters.prometheus.meter import PrometheusMeter
from sealrun.errors import StoreUnavailable
from sealrun.offers.asset import MINA
from sealrun.runs.record import State
from tests.ports.test_ledger import NOW, record

ROOT = Path(__file__).parents[3]


def shown(meter: PrometheusMeter) -> dict[str, float]:
    lines = generate_latest(meter.registry).decode().splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_every_name_that_a_function_counts_is_shown() -> None:
    """Those of the functions' own text, so that a new one is noticed."""
    texts = "".join(path.read_text() for path in (ROOT / "functions").glob("*/handler.py"))
    counted = set(re.findall(r'meter\.count\("(\w+)"', texts)) - {"RunsWaiting"}  # read from the ledger
    timed = set(re.findall(r'meter\.milliseconds\("(\w+)"', texts))
    assert counted >= {"Calls", "OffersUnavailable", "ReceiptsLate"}
    for name in counted:
        meter = PrometheusMeter()
        before = shown(meter)
        meter.count(name, 7)
        assert shown(meter) != before, name
    for name in timed:
        meter = PrometheusMeter()
        meter.milliseconds(name, 40)
        assert shown(meter)["sealrun_accept_seconds_sum"] == 0.04, name


def test_a_label_is_a_type_of_problem_and_nothing_else() -> None:
    meter = PrometheusMeter()
    for kind in ("not-covered", "not-covered", "a stranger's text", ""):
        meter.count("Refused", type=kind)
    found = {name: value for name, value in shown(meter).items() if "refusals_total" in name}
    assert found == {
        'sealrun_refusals_total{type="not-covered"}': 2,
        'sealrun_refusals_total{type="other"}': 2,
    }


def test_an_ended_call_counts_its_state_its_time_and_what_became_due() -> None:
    meter = PrometheusMeter()
    good = replace(record(), state=State.SUCCEEDED, price=2_500_000_000)
    meter.ended(good, NOW + 40)
    meter.ended(replace(good, state=State.FAILED), NOW - 5)
    found = shown(meter)
    assert found['sealrun_calls_ended_total{state="succeeded"}'] == 1
    assert found['sealrun_calls_ended_total{state="failed"}'] == 1
    due = f'sealrun_due_total{{asset="{MINA.id}"}}'
    assert (found[due], found["sealrun_receipt_seconds_sum"]) == (2.5, 40)


def test_a_ledger_that_does_not_answer_takes_no_other_figure_away() -> None:
    def fails() -> float:
        raise StoreUnavailable("database: gone")

    meter = PrometheusMeter()
    meter.show("sealrun_runs_waiting", "Calls.", fails)
    meter.show("sealrun_wakes_waiting", "Collections.", lambda: 3)
    found = shown(meter)
    assert "sealrun_runs_waiting" not in found
    assert found["sealrun_wakes_waiting"] == 3
