"""L11: one offer's slow provider leaves threads to the others."""

from contextlib import ExitStack

import pytest

from sealrun.serving.shares import Shares


def held(shares: Shares, open_requests: ExitStack, offer: int) -> int:
    """How many places the offer gets, however often it asks."""
    return [open_requests.enter_context(shares.take(offer)) for _ in range(100)].count(True)


def test_l11_offers_have_half_of_what_is_free_one_after_the_other() -> None:
    shares = Shares(16)
    with ExitStack() as open_requests:
        assert [held(shares, open_requests, offer) for offer in range(5)] == [8, 4, 2, 1, 1]


def test_l11_a_place_is_free_again_after_its_request_however_it_ends() -> None:
    shares = Shares(2)

    def fails() -> None:
        with shares.take(1) as has_place:
            assert has_place
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fails()
    with shares.take(1) as one, shares.take(1) as another, shares.take(2) as of_another_offer:
        assert (one, another, of_another_offer) == (True, False, True)
