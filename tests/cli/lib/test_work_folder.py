"""What the command keeps beside an offer outlives a disk that is full."""

import subprocess
import sys
from pathlib import Path

from sealrun_cli.lib.served_target import ServedTarget
from sealrun_cli.lib.target import Target
from sealrun_cli.lib.work_folder import work_folder

# No byte can be written, as on a full disk.
FULL = """
import resource, sys
from pathlib import Path
from sealrun_cli.lib.target import Target
from sealrun_cli.lib.work_folder import work_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
folder = Path(sys.argv[1])
for write in (lambda: work_folder(folder), lambda: Target("s", "u", "r", "other", "k", "0", {}).save(folder)):
    try:
        write()
    except OSError:
        pass
"""


def test_a_full_disk_leaves_the_stack_and_what_git_ignores_as_they_were(tmp_path: Path) -> None:
    path = ServedTarget("s", "u", "r", "t", "k", "0", {}).save(tmp_path)
    before = path.read_text()
    subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], check=True)
    assert (path.parent / ".gitignore").read_text() == "*\n"
    assert path.read_text() == before
    assert Target("s", "u", "r", "other", "k", "0", {}).save(tmp_path).read_text() != before
    assert path.stat().st_mode & 0o777 == 0o600
    assert work_folder(tmp_path) == path.parent
