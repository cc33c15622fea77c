"""What is the key file's alone: its mode, its passphrase, and what is derived from its key."""

import json
import stat
from pathlib import Path

import pytest
from nacl.pwhash import argon2id

from sealrun.adapters.keys.key_file import MAX_PLAINTEXT, Cost, create_key_file, open_key_file
from sealrun.adapters.keys.passphrase import CREDENTIAL, MAX_BYTES, read_passphrase
from sealrun.errors import Malformed, StoreUnavailable

PASSPHRASE = "correct horse battery"
CHEAP = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_key_file(tmp_path / "oracle.key", PASSPHRASE, cost=CHEAP)
    return tmp_path / "oracle.key"


def test_a_key_file_opens_with_its_passphrase_and_is_its_owners_alone(tmp_path: Path) -> None:
    made = create_key_file(tmp_path / "key", PASSPHRASE, cost=CHEAP)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    opened = open_key_file(tmp_path / "key", PASSPHRASE)
    assert opened.decrypt(made.encrypt(b"secret", context={"a": "b"}), context={"a": "b"}) == b"secret"
    assert opened.derived("links") == made.derived("links") != made.derived("others")


def test_another_passphrase_opens_nothing_and_is_shown_nowhere(path: Path) -> None:
    with pytest.raises(Malformed, match="expected the passphrase of this key file, got another") as refused:
        open_key_file(path, "wrong horse battery")
    assert "horse" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_short_passphrase_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="at least 12 characters"):
        create_key_file(tmp_path / "key", "short", cost=CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_is_never_replaced(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_key_file(path, PASSPHRASE, cost=CHEAP)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(Malformed, match="only its owner can read"):
        open_key_file(path, PASSPHRASE)


def test_e7_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(Malformed, match="only its owner can read"):
        open_key_file(tmp_path / "link", PASSPHRASE)
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_key_file(tmp_path / "dangling", PASSPHRASE, cost=CHEAP)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"operations": 10**6},
        {"memory": 2**40},
        {"salt": "AA=="},
        {"box": "?"},
        {"more": 1},
    ],
)
def test_a_changed_file_is_refused_before_much_is_spent(path: Path, change: dict[str, object]) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(Malformed, match="expected"):
        open_key_file(path, PASSPHRASE)


def test_more_than_kms_takes_is_refused(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="expected at most 4096 bytes"):
        open_key_file(path, PASSPHRASE).encrypt(b"x" * (MAX_PLAINTEXT + 1), context={})


def test_the_passphrase_is_systemds_credential_or_asked_for(tmp_path: Path) -> None:
    (tmp_path / CREDENTIAL).write_text(f"{PASSPHRASE}\n")
    systemd = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read_passphrase(systemd, ask=lambda: "asked") == PASSPHRASE
    assert read_passphrase({}, ask=lambda: "asked") == "asked"
    (tmp_path / CREDENTIAL).write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(Malformed, match="at most 1024 bytes"):
        read_passphrase(systemd, ask=lambda: "asked")
    (tmp_path / CREDENTIAL).write_bytes(b"\xff")
    with pytest.raises(Malformed, match="expected UTF-8"):
        read_passphrase(systemd, ask=lambda: "asked")
