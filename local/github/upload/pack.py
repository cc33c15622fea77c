"""Pack the files that ``path`` of actions/upload-artifact names; run inside a job by ``action.yml``."""

import glob
import os
import shutil
import sys
import zipfile
from pathlib import Path


def main() -> None:
    """Write the archive; names in it begin below the one folder, or what all files have in common."""
    wanted = [line.strip() for line in os.environ["ARTIFACT_PATHS"].splitlines() if line.strip()]
    matches = [Path(one) for pattern in wanted for one in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207  patterns may be absolute
    files = sorted({file for one in matches for file in ([one] if one.is_file() else one.rglob("*"))})
    files = [file for file in files if file.is_file()]
    if not files:
        sys.exit(f"No files were found with the provided path: {' '.join(wanted)}")
    kept = Path(os.environ["SEALRUN_ARTIFACTS"])
    if os.environ["ARTIFACT_ARCHIVE"] == "false":
        _keep_plain(files, kept)
        return
    one_folder = len(matches) == 1 and matches[0].is_dir()
    root = matches[0] if one_folder else Path(os.path.commonpath([file.parent for file in files]))
    with zipfile.ZipFile(
        kept / f"{os.environ['ARTIFACT_NAME']}.zip", "x", zipfile.ZIP_DEFLATED, strict_timestamps=False
    ) as archive:
        for file in files:
            archive.write(file, file.relative_to(root))


def _keep_plain(files: list[Path], kept: Path) -> None:
    """One file as it is, under its own name; the input ``name`` does not count then."""
    if len(files) != 1:
        sys.exit(f"expected one file where archive is false, got {len(files)}")
    (kept / "plain").mkdir(exist_ok=True)
    shutil.copyfile(files[0], kept / "plain" / files[0].name)


if __name__ == "__main__":
    main()
