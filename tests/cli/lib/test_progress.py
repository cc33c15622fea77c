"""A line about a run's jobs, whatever a service says of them."""

from typing import Any

import pytest

from sealrun_cli.lib.progress import jobs_line


def test_jobs_are_told_in_their_order_and_the_rest_by_its_number() -> None:
    jobs = [{"name": "build", "state": "succeeded"}, {"name": "test", "state": "running"}]
    assert jobs_line({"progress": {"at": 1, "jobs": jobs, "more": 0}}) == "build succeeded, test running"
    assert jobs_line({"progress": {"at": 1, "jobs": jobs, "more": 3}}).endswith("test running, 3 more")


@pytest.mark.parametrize(
    "progress", [None, 1, [], {}, {"jobs": None}, {"jobs": "x"}, {"jobs": [1, None]}, {"more": "x"}]
)
def test_l14_what_is_no_progress_is_no_line(progress: Any) -> None:
    assert jobs_line({"progress": progress}) == jobs_line({}) == ""


def test_l14_a_service_that_shows_more_than_it_may_fills_no_screen() -> None:
    jobs = [{"name": "x" * 10_000, "state": "y" * 10_000}] * 1000
    assert len(jobs_line({"progress": {"jobs": jobs}})) < 3000
