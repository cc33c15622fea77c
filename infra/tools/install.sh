#!/usr/bin/env bash
# Installs tools that need other package versions than this repository, each into an environment of its own:
# infra/tools/install.sh NAME... reads infra/tools/NAME.txt and makes .venv-NAME. What is installed is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

install_tool() {
  local name=$1 lock="infra/tools/$1.txt" folder=".venv-$1" wanted
  [ -f "$lock" ] || { echo "setup: expected a tool that infra/tools names, got $name" >&2; return 1; }
  wanted=$(sha256sum <"$lock")
  [ -f "$folder/installed" ] && [ "$(cat "$folder/installed")" = "$wanted" ] && return
  echo "setup: installing $name into $folder" >&2
  rm -rf "$folder"
  python3 -m venv "$folder"
  # The lock is complete; without --no-deps pip trips over extras that are pinned without their brackets.
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock"
  printf '%s' "$wanted" >"$folder/installed"
}

for name in "$@"; do install_tool "$name"; done
