"""A service's database and key file, as ``sealrun serve`` and the commands for its operator open them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sealrun_cli.lib.errors import CliError

if TYPE_CHECKING:
    from sealrun.adapters.sql.database import Database

SCHEMES = ("sqlite:", "postgresql:", "postgresql+psycopg:", "postgres:")


def is_database(text: str) -> bool:
    """True for the URL of a database, in place of a stack's name or a table's."""
    return text.startswith(SCHEMES)


def database_url(text: str) -> str:
    """The URL as SQLAlchemy takes it.

    Raises:
        CliError: it is no URL of a database that sealrun knows.
    """
    scheme, separator, rest = text.partition(":")
    if f"{scheme}:" not in SCHEMES or not separator or not rest.startswith("//"):
        detail = f"store: expected sqlite:///PATH or postgresql://..., got {scheme[:20]}:..."
        raise CliError("bad-request", detail)
    return f"postgresql+psycopg:{rest}" if scheme in ("postgres", "postgresql") else text


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite database; None for another one."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None


def open_database(url: str, *, make: bool = False) -> "Database":
    """Open a database and bring its schema up to date; ``make`` a file of SQLite where there is none.

    Raises:
        CliError: there is none, or what opens it is not installed.
        StoreUnavailable: it does not answer, or a newer version of sealrun made its schema.
    """
    path = sqlite_path(url)
    if path is not None and not make and not path.exists():
        raise CliError("store", f"store: expected a database in {path}, got none", "start it: sealrun serve")
    with needed():
        from sealrun.adapters.sql.database import Database  # noqa: PLC0415
    return Database(database_url(url))


@contextmanager
def needed() -> Iterator[None]:
    """A missing library in our words.

    Raises:
        CliError: the extra is not installed.
    """
    try:
        yield
    except ImportError as error:
        detail = f"serve: expected its libraries installed, got no {error.name}"
        raise CliError("serve", detail, 'run: pip install "sealrun-cli[serve]"') from error
