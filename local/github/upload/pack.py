"""Pack the files that ``path`` of actions/upload-artifact names; run inside a job by ``action.yml``."""

import glob
import os
import sys
import zipfile
from pathlib import Path


def main() -> None:
    """Write the archive; names in it begin below the one folder, or what all files have in common."""
    wanted = [line.strip() for line in os.environ["ARTIFACT_PATHS"].splitlines() if line.strip()]
    found = [Path(one) for pattern in wanted for one in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207  patterns may be absolute
    files = sorted({file for one in found for file in ([one] if one.is_file() else one.rglob("*"))})
    files = [file for file in files if file.is_file()]
    if not files:
        sys.exit(f"No files were found with the provided path: {' '.join(wanted)}")
    one_folder = len(found) == 1 and found[0].is_dir()
    root = found[0] if one_folder else Path(os.path.commonpath([file.parent for file in files]))
    target = Path(os.environ["SEALRUN_ARTIFACTS"], f"{os.environ['ARTIFACT_NAME']}.zip")
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for file in files:
            archive.write(file, file.relative_to(root))


if __name__ == "__main__":
    main()
