"""What every provider's token must fulfil before it is sealed for an offer (R1, R3)."""

from collections.abc import Iterator
from datetime import date, timedelta

MAX_TOKEN_DAYS = 90


def user_troubles(user: int, wanted: int) -> Iterator[str]:
    """Refuse another account's token: a lost run is found by the account that started it (R3)."""
    if user != wanted:
        yield f"token: expected one of user {wanted}, as the offer's source.user says, got one of {user}"


def expiry_troubles(expires: str, *, today: date) -> Iterator[str]:
    """Refuse a token that lives too long; ``expires`` is an ISO date, empty for no expiry (R1)."""
    if not expires:
        yield f"token: expected an expiry within {MAX_TOKEN_DAYS} days, got none"
    elif date.fromisoformat(expires) > today + timedelta(days=MAX_TOKEN_DAYS):
        yield f"token: expected an expiry within {MAX_TOKEN_DAYS} days, got {expires}"
