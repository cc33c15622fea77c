"""What is the folder's alone: modes, links, what a killed process leaves, and its URLs."""

import os
import stat
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from sealrun.adapters.files.evidence_store import LEFT_BEHIND_SECONDS, FolderEvidenceStore
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.encoding.measure import measure
from sealrun.errors import NotAllowed, StoreUnavailable
from tests.sealrun.fakes import FakeClock

BYTES = [b"some", b"thing"]
MEASURED = measure(BYTES)
KEPT = Path("sha256", MEASURED.sha256[:2], MEASURED.sha256)


def urls(clock: FakeClock | None = None) -> SignedUrls:
    return SignedUrls("https://oracle.example/evidence", b"k" * 32, clock or FakeClock())


def opened(root: Path) -> FolderEvidenceStore:
    return FolderEvidenceStore(root, urls=urls())


def put(store: FolderEvidenceStore) -> None:
    store.put(lambda: BYTES, MEASURED, media_type="text/plain")


def test_files_are_read_only_and_folders_their_owners(tmp_path: Path) -> None:
    put(opened(tmp_path / "evidence"))
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "evidence").rglob("*")}
    assert modes == {True: 0o700, False: 0o400}
    assert stat.S_IMODE((tmp_path / "evidence").stat().st_mode) == 0o700


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    store = opened(tmp_path)
    put(store)
    before = (tmp_path / KEPT).stat()
    put(store)
    assert (tmp_path / KEPT).stat().st_ino == before.st_ino


@pytest.mark.parametrize("name", ["sha256", f"sha256/{MEASURED.sha256[:2]}", "parts"])
def test_e7_a_link_in_place_of_a_folder_is_not_followed(tmp_path: Path, name: str) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "evidence"
    elsewhere.mkdir()
    (root / name).parent.mkdir(parents=True)
    (root / name).symlink_to(elsewhere)
    with pytest.raises(StoreUnavailable, match="evidence folder: expected a file"):
        put(opened(root))
    assert list(elsewhere.iterdir()) == []


def test_e7_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"".join(BYTES))
    store = opened(tmp_path / "evidence")
    (tmp_path / "evidence" / KEPT).parent.mkdir()
    (tmp_path / "evidence" / KEPT).symlink_to(secret)
    with pytest.raises(StoreUnavailable, match="evidence folder: expected a file"):
        store.get(MEASURED.sha256)
    with pytest.raises(StoreUnavailable, match="evidence folder: expected a file"):
        b"".join(store.read(MEASURED.sha256))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "ab" * 31, "AB" * 32, f"{'ab' * 32}\n"])
def test_e7_only_digests_are_names(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(StoreUnavailable, match="expected a digest of 64 hex digits"):
        b"".join(opened(tmp_path / "evidence").read(name))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    store = opened(tmp_path)
    (tmp_path / KEPT).parent.mkdir()
    os.mkfifo(tmp_path / KEPT)
    with pytest.raises(StoreUnavailable, match="no plain file"):
        store.get(MEASURED.sha256)


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path: Path) -> None:
    opened(tmp_path)
    old, new = tmp_path / "parts" / "old", tmp_path / "parts" / "new"
    for each in (old, new):
        each.write_bytes(b"half")
    long_ago = old.stat().st_mtime - LEFT_BEHIND_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    opened(tmp_path)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["new"]


def test_a_url_opens_one_file_under_one_name_until_its_end() -> None:
    clock = FakeClock()
    signed = urls(clock)
    url = urlsplit(signed.sign(MEASURED.sha256, seconds=300, filename='a "b".txt'))
    query = dict(parse_qsl(url.query))
    assert url.path == f"/evidence/{MEASURED.sha256}"
    assert signed.check(MEASURED.sha256, query) == 'a "b".txt'
    for other in ({**query, "as": "c"}, {**query, "until": "9999999999"}, {**query, "mac": "é"}, {}):
        with pytest.raises(NotAllowed, match="made here"):
            signed.check(MEASURED.sha256, other)
    with pytest.raises(NotAllowed, match="made here"):
        signed.check("ab" * 32, query)
    clock.passes(301)
    with pytest.raises(NotAllowed, match="whose time is not over"):
        signed.check(MEASURED.sha256, query)


def test_no_text_of_the_signer_shows_its_key() -> None:
    assert "kkk" not in repr(urls())
