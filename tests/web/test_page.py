"""The built page's files: small, named with their digests, and under a policy that lets no other code run."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from local.page import build_page

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]
# What a link to an offer loads, and all that the page has; kept small for phones.
MAX_FIRST_VIEW = 85_000
MAX_SCRIPTS = 150_000
MAX_STYLE = 8_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build_page(folder)
    return folder


def compressed(*paths: Path) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def named_at_once(page: str) -> dict[str, str]:
    """What the document loads at once, with the digest of each."""
    return dict(re.findall(r'(?:src|href)="\./([^"]+)" integrity="([^"]+)"', page))


def import_map(page: str) -> str:
    found = re.search(r'<script type="importmap">([^<]+)</script>', page)
    assert found is not None
    return found[1]


def test_scripts_and_style_stay_within_their_budgets(built: Path) -> None:
    first = [built / name for name in named_at_once((built / "index.html").read_text())]
    assert compressed(*(path for path in first if path.suffix == ".js")) <= MAX_FIRST_VIEW
    assert compressed(*built.glob("*.js")) <= MAX_SCRIPTS
    (style,) = built.glob("*.css")
    assert compressed(style) <= MAX_STYLE


def test_the_build_keeps_the_verification_keys_that_the_page_names_and_no_others(built: Path) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "web").glob("[as]*/src/**/*.ts*"))
    named = set(re.findall(r"\bkeys\.([A-Z]\w+)", sources))
    keys = json.loads((ROOT / "contracts" / "verification_keys.json").read_text())
    scripts = "".join(path.read_text() for path in built.glob("*.js"))
    kept = {name for name, key in keys.items() if isinstance(key, dict) and key["hash"] in scripts}
    assert named
    assert kept == named


def test_the_document_names_each_file_with_its_digest_and_holds_no_code_of_its_own(built: Path) -> None:
    page = (built / "index.html").read_text()
    later = {
        name.removeprefix("./"): each for name, each in json.loads(import_map(page))["integrity"].items()
    }
    assert set(later) == {path.name for path in built.iterdir()} - {"index.html"}
    named = named_at_once(page)
    assert len(named) > 1
    assert named.items() <= later.items()
    for name, digest in later.items():
        contents = hashlib.sha384((built / name).read_bytes()).digest()
        assert digest == f"sha384-{base64.b64encode(contents).decode()}"
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [import_map(page), ""]
    assert set(json.loads(import_map(page))) == {"integrity"}
    assert "style=" not in page


def test_parts_that_a_link_to_an_offer_does_not_need_are_loaded_when_they_are_used(built: Path) -> None:
    first = named_at_once((built / "index.html").read_text())
    at_once = " ".join((built / name).read_text() for name in first if name.endswith(".js"))
    later = " ".join(path.read_text() for path in built.glob("*.js") if path.name not in first)
    for sentence in ("opens every leaf", "This ticket cannot be used", "Describe the run"):
        assert sentence not in at_once
        assert sentence in later


def test_the_policy_allows_no_inline_code_no_other_origin_and_no_markup_from_text(built: Path) -> None:
    page = (built / "index.html").read_text()
    found = re.search(r'Content-Security-Policy"\s+content="([^"]+)"', page)
    assert found is not None
    policy = dict(each.strip().split(" ", 1) for each in found[1].split(";"))
    digest = hashlib.sha256(import_map(page).encode()).digest()
    assert policy == {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{base64.b64encode(digest).decode()}'",
        "style-src": "'self'",
        "img-src": "data:",
        "connect-src": "https: http://127.0.0.1:*",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_same_sources_build_the_same_bytes(built: Path, tmp_path: Path) -> None:
    build_page(tmp_path)
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert again == {path.name: path.read_bytes() for path in built.iterdir()}
