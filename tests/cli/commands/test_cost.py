"""``sealrun cost``: the arithmetic that is shown is the arithmetic that is done."""

import json
import re

import pytest
from typer.testing import CliRunner

from sealrun.offers.asset import FEES, MINA
from sealrun_cli.commands.cost import COLLECT_GB, COLLECT_SECONDS, Use, per_call_on_chain, prices
from sealrun_cli.main import app

USE = Use(calls=1, collect_seconds=2.0, files=1, megabytes=1.0, months=1.0, settle_every=100)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["cost", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_each_line_is_a_product_and_they_add_up() -> None:
    value = json.loads(run("--json"))
    for line in value["per_call"]:
        assert line["total"] == pytest.approx(line["count"] * line["each"])
    assert value["call"] == pytest.approx(sum(line["total"] for line in value["per_call"]))
    assert value["million"] == pytest.approx(value["call"] * 1e6)
    assert value["month"] == pytest.approx(
        sum(line["total"] for line in value["per_month"]) + 1e4 * value["call"]
    )


def test_a_million_calls_cost_no_more_than_the_project_promises() -> None:
    assert json.loads(run("--json"))["million_without_evidence"] <= 60


def test_the_lines_that_people_read_say_the_same_as_the_json() -> None:
    shown = re.findall(r"^  (\S.*?)  +\S+ x \S+ += (\S+)$", run(), re.MULTILINE)
    value = json.loads(run("--json"))
    wanted = [(line["what"], f"{line['total']:.9f}") for line in [*value["per_call"], *value["per_month"]]]
    assert shown == wanted


def test_more_files_and_longer_collections_cost_more_and_settling_more_at_once_less() -> None:
    base, more = (
        json.loads(run("--json", *flags)) for flags in ((), ("--files", "2", "--collect-seconds", "4"))
    )
    longer = (4 - COLLECT_SECONDS) * COLLECT_GB * 1.33334e-5
    assert more["call"] == pytest.approx(base["call"] + 5e-6 + 4e-7 + longer)
    assert per_call_on_chain(USE, prices()) == FEES.of(10**6)
    assert json.loads(run("--json", "--settle-every", "3"))["mina_per_call"] == "0.033333334"


def test_what_seller_and_operator_earn_is_the_price_less_share_and_fee() -> None:
    earned = json.loads(run("--json", "--price", "5", "--settle-every", "10"))["earned_per_call"]
    units = {"operator": "125000000", "seller": str(5 * 10**9 - 125_000_000 - 10_000_000)}
    assert earned == {**units, "asset": MINA.id, "decimals": 9, "symbol": "MINA"}
    refused = CliRunner().invoke(app, ["cost", "--price", "0.05", "--settle-every", "1", "--json"])
    assert (refused.exit_code, "more than a call's fee" in refused.stdout) == (1, True)


def test_every_price_names_its_source_and_all_have_a_date() -> None:
    data = prices()
    assert re.fullmatch(r"20\d\d-\d\d", data["as_of"])
    assert all(price["source"].startswith("https://aws.amazon.com/") for price in data["prices"].values())
