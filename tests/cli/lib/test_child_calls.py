"""What a job leaves of the calls that it made, so that its own receipt covers them."""

from pathlib import Path

import pytest

from sealrun.calls.call import Parent
from sealrun.errors import SealrunError
from sealrun.verification.children import LEFT, MAX_BESIDE
from sealrun_cli.lib.child_calls import Draws, leave
from sealrun_cli.lib.errors import CliError
from tests.broken.make import write
from tests.sealrun.verification.test_children import TOP, made
from tests.sealrun.world import BUYER


def test_a_childs_own_children_are_left_beside_it(tmp_path: Path) -> None:
    first = made(2, parent=Parent(TOP, 1))
    below = made(3, parent=Parent(first.call, 2))
    child = made(2, parent=Parent(TOP, 1), files=below.left())
    write(child.folder, tmp_path / "got")
    assert leave(tmp_path / "got", child.call, tmp_path / "left") == [child.call, below.call]
    for each in (child, below):
        for name in LEFT:
            assert (tmp_path / "left" / each.call / name).read_bytes() == each.folder[name]
    # Again, as after a retry.
    assert leave(tmp_path / "got", child.call, tmp_path / "left") == [child.call, below.call]


def test_r12_no_child_takes_the_places_of_a_runs_other_children(tmp_path: Path) -> None:
    first = made(2, parent=Parent(TOP, 1)).call
    below = [made(3 + number, parent=Parent(first, 2)) for number in range(MAX_BESIDE + 1)]
    child = made(2, parent=Parent(TOP, 1), files={k: v for each in below for k, v in each.left().items()})
    write(child.folder, tmp_path / "got")
    assert leave(tmp_path / "got", child.call, tmp_path / "left") == [child.call]


def test_e7_nothing_is_left_through_a_link(tmp_path: Path) -> None:
    child = made(2, parent=Parent(TOP, 1))
    write(child.folder, tmp_path / "got")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / child.call).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SealrunError, match="link"):
        leave(tmp_path / "got", child.call, tmp_path / "left")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_c2_a_call_has_two_attempts_and_no_third() -> None:
    draws = Draws(BUYER, TOP, "scanner")
    assert [draws(), draws()] == draws.pairs == Draws(BUYER, TOP, "scanner").pairs
    with pytest.raises(CliError, match="within 2 attempts"):
        draws()
    assert BUYER.to_base58() not in repr(vars(draws))
