"""The two pipelines of docs/guides/git.md whose CI token names the root of a commit's files."""

import json
import re
from pathlib import Path

import jwt
from typer.testing import CliRunner

from sealrun_cli.main import app

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "git.md"
INSTALL = re.compile(r"^.*pip install sealrun-cli\n", re.MULTILINE)


def tree_job(first: str) -> str:
    """The guide's file that begins so, without the step that installs what is here already."""
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (found,) = (each for each in blocks if each.startswith(first))
    text, installs = INSTALL.subn("", found)
    assert installs == 1
    return text


def check_named(token: bytes, clone: Path) -> dict[str, object]:
    """The token's audience is that of the commit's files, as they are computed here; its claims."""
    claims = jwt.decode(token.strip(), options={"verify_signature": False})
    made = json.loads(
        CliRunner().invoke(app, ["source", "root", "--repository", str(clone), "--json"]).stdout
    )
    assert claims["aud"] == made["audience"]
    assert re.fullmatch(rf"urn:sealrun:tree:0{{24}}{claims['sha']}:[0-9a-f]{{64}}", claims["aud"])
    assert int(claims["aud"].rpartition(":")[2], 16) == int(made["root"])
    return dict(claims)
