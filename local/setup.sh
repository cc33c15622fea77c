#!/usr/bin/env bash
# Installs what this repository needs, into the repository: local/setup.sh WORKSPACE...
# What is installed already is left alone. Debian packages are installed by apt where that is allowed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# What the tests of the probe sample with, and what; the browser that opens the buyer's page; and the database
# that the tests start for themselves.
test_packages() {
  command -v chromium >/dev/null || echo chromium
  command -v gcc >/dev/null || echo gcc libc6-dev
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || echo postgresql
  command -v perf >/dev/null || { grep -qs '^ID=ubuntu' /etc/os-release && echo linux-tools-generic || echo linux-perf; }
}

debian_packages() {
  local missing=()
  command -v git >/dev/null || missing+=(git)
  command -v rsync >/dev/null || missing+=(rsync)
  command -v python3 >/dev/null || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  case " $* " in *" tests "*) missing+=($(test_packages)) ;; esac
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  local line="apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null || fail "expected ${missing[*]}, got a system without apt-get; install them and run this again"
  "${sudo[@]}" true 2>/dev/null || fail "expected ${missing[*]}; run: sudo $line"
  say "installing ${missing[*]}"
  "${sudo[@]}" apt-get update -qq || fail "apt-get update failed; run: sudo $line"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive $line -qq >/dev/null || fail "apt-get failed; run: sudo $line"
}

python_environment() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "expected Python 3.11 or newer, got $(python3 -V)"
  local stamp=.venv/installed wanted
  wanted=$(cat requirements.txt layers/*/pyproject.toml cli/pyproject.toml probe/pyproject.toml | sha256sum)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  say "installing Python packages into .venv (about a minute)"
  rm -f "$stamp"
  python3 -m venv .venv
  .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    -e layers/mina -e layers/sealrun -e cli -e probe
  printf '%s' "$wanted" >"$stamp"
}

# npm installs all workspaces that were ever asked for, so that one does not remove another's packages.
node_packages() {
  local stamp=node_modules/.installed lock all
  lock=$(cat package-lock.json package.json ./*/package.json local/mina/package.json | sha256sum)
  all=$({ [ -f "$stamp" ] && sed 1d "$stamp"; printf '%s\n' "$@"; } | sort -u)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock"$'\n'"$all" ] && return
  say "installing npm packages for ${all//$'\n'/ }"
  local workspaces=()
  for name in $all; do workspaces+=(-w "$name"); done
  PATH="$PWD/.venv/bin:$PATH" npm ci --loglevel=error --no-progress "${workspaces[@]}"
  printf '%s\n' "$lock" $all >"$stamp"
}

debian_packages "$@"
python_environment
node_packages "$@"
