"""What a token must be like at any provider before it is sealed for an offer (R1, R3)."""

from collections.abc import Iterator
from datetime import date, timedelta

MAX_TOKEN_DAYS = 90


def user_troubles(found: int, wanted: int) -> Iterator[str]:
    """Whose it is: runs are found again by the account that started them (R3)."""
    if found != wanted:
        yield f"token: expected one of user {wanted}, as the offer's source.user says, got one of {found}"


def expiry_troubles(expires: str, *, today: date) -> Iterator[str]:
    """Until when: ``expires`` is an ISO date, empty for ever (R1)."""
    if not expires:
        yield f"token: expected an expiry within {MAX_TOKEN_DAYS} days, got none"
    elif date.fromisoformat(expires) > today + timedelta(days=MAX_TOKEN_DAYS):
        yield f"token: expected an expiry within {MAX_TOKEN_DAYS} days, got {expires}"
