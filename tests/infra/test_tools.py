"""The tools that judge templates, in environments of their own."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.infra.ministack import install
from tests.infra.templates import PATHS, ROOT

pytestmark = pytest.mark.peers

SKIPPED = ROOT / "infra" / "tools" / "checkov.yaml"


def sam_validate(template: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        install("sam-cli") / "sam",
        "validate",
        "--lint",
        "--region",
        "eu-central-1",
        "--template",
        template,
    ]
    environment = {"SAM_CLI_TELEMETRY": "0", "PATH": "/usr/bin:/bin", "HOME": str(template.parent)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_sam_takes_the_template_and_refuses_a_broken_one(tmp_path: Path) -> None:
    good = tmp_path / "template.yaml"
    shutil.copy(ROOT / "template.yaml", good)
    assert "is a valid SAM Template" in sam_validate(good).stdout
    broken = tmp_path / "broken.yaml"
    broken.write_text(good.read_text().replace("MemorySize: 512", "MemorySize: much"))
    assert sam_validate(broken).returncode != 0


def test_checkov_finds_what_the_skip_list_names_and_nothing_else(tmp_path: Path) -> None:
    for path in PATHS:
        shutil.copy(path, tmp_path)
    shutil.copy(ROOT / "infra" / "edge_gate" / "template.yaml", tmp_path / "edge_gate.yaml")
    named: list[str | Path] = [
        "--directory",
        tmp_path,
        "--framework",
        "cloudformation",
        "--skip-download",
        "--output",
        "json",
    ]
    done = subprocess.run(
        [install("checkov") / "checkov", *named], capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout)
    skipped = yaml.safe_load(SKIPPED.read_text())["skip-check"]
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 50
    assert sorted({check["check_id"] for check in found["results"]["failed_checks"]}) == sorted(skipped)


def test_every_check_that_is_skipped_says_why() -> None:
    lines = re.findall(r"^  - (CKV_AWS_\d+) # (.{20,})$", SKIPPED.read_text(), re.MULTILINE)
    assert [name for name, _ in lines] == yaml.safe_load(SKIPPED.read_text())["skip-check"]
