#!/usr/bin/env bash
# The step's outputs: offer, matches, chain. The clone needs its history: actions/checkout with fetch-depth 0.
set -euo pipefail
options=(--file "$FILE")
[ -z "$NODE" ] || options+=(--node "$NODE")
told=$(sealrun offer "${options[@]}" --json) || { echo "$told"; exit 1; }
echo "$told"
python3 -c '
import json, sys
told = json.loads(sys.argv[1])
for name in ("offer", "chain"):
    print(f"{name}={told[name]}")
print("matches=" + str(told["matches"]).lower())
' "$told" >>"$GITHUB_OUTPUT"
[ "$MUST_MATCH" != true ] || grep -qx matches=true "$GITHUB_OUTPUT"
