#!/usr/bin/env bash
# Puts the `sealrun` of this very checkout on PATH for the steps that follow, where none is yet.
set -euo pipefail
command -v sealrun >/dev/null && exit 0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python3 -m venv "$RUNNER_TEMP/sealrun"
"$RUNNER_TEMP/sealrun/bin/pip" install --quiet --disable-pip-version-check "$here/layers/mina" "$here/layers/sealrun" "$here/cli"
echo "$RUNNER_TEMP/sealrun/bin" >>"$GITHUB_PATH"
