"""Where the passphrase of a key file comes from: a credential of systemd's, or whoever starts the service."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sealrun.adapters.files.plain_files import read_plain
from sealrun.errors import Malformed

# systemd's LoadCredential=sealrun-passphrase:FILE, or LoadCredentialEncrypted=.
CREDENTIAL = "sealrun-passphrase"
MAX_BYTES = 1024


def read_passphrase(environment: Mapping[str, str], *, ask: Callable[[], str]) -> str:
    """Systemd's credential where systemd started the service, and otherwise the answer to a question.

    Args:
        environment: the process's own; the passphrase is never in it, because every child would inherit it.
        ask: as ``getpass.getpass``.

    Raises:
        Malformed: the credential is too long, or is not UTF-8.
        OSError: it cannot be read.
    """
    folder = environment.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        return ask()
    credential = read_plain(Path(folder) / CREDENTIAL, at_most=MAX_BYTES)
    if len(credential) > MAX_BYTES:
        raise Malformed(f"credential {CREDENTIAL}: expected at most {MAX_BYTES} bytes, got more")
    try:
        return credential.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise Malformed(f"credential {CREDENTIAL}: expected UTF-8, got something else") from None
