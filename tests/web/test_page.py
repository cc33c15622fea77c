"""The built page's files: small, named by their digests, and under a policy that lets no other code run."""

import base64
import gzip
import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from local.nodejs import NODE

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]
MAX_SCRIPT = 150_000
MAX_STYLE = 8_000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    subprocess.run([NODE, "build.mjs", str(folder)], cwd=ROOT / "web", check=True)
    return folder


def test_script_and_style_stay_within_their_budgets(built: Path) -> None:
    scripts, styles = list(built.glob("*.js")), list(built.glob("*.css"))
    assert (len(scripts), len(styles)) == (1, 1)
    assert len(gzip.compress(scripts[0].read_bytes(), 9)) <= MAX_SCRIPT
    assert len(gzip.compress(styles[0].read_bytes(), 9)) <= MAX_STYLE


def test_the_document_names_each_file_with_its_digest_and_holds_no_code_of_its_own(built: Path) -> None:
    page = (built / "index.html").read_text()
    named = re.findall(r'(?:src|href)="\./([^"]+)" integrity="sha384-([^"]+)"', page)
    assert {name for name, _ in named} == {path.name for path in built.iterdir()} - {"index.html"}
    for name, digest in named:
        assert base64.b64decode(digest) == hashlib.sha384((built / name).read_bytes()).digest()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert "style=" not in page


def test_the_policy_allows_no_inline_code_no_other_origin_and_no_markup_from_text(built: Path) -> None:
    page = (built / "index.html").read_text()
    found = re.search(r'Content-Security-Policy"\s+content="([^"]+)"', page)
    assert found is not None
    policy = dict(each.strip().split(" ", 1) for each in found[1].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "data:",
        "connect-src": "https: http://127.0.0.1:*",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_same_sources_build_the_same_bytes(built: Path, tmp_path: Path) -> None:
    subprocess.run([NODE, "build.mjs", str(tmp_path)], cwd=ROOT / "web", check=True)
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert again == {path.name: path.read_bytes() for path in built.iterdir()}
