#!/usr/bin/env bash
# The step's outputs: offer, matches, chain. The clone needs its history: actions/checkout with fetch-depth 0.
set -euo pipefail
options=(--file "$FILE")
[ -z "$NODE" ] || options+=(--node "$NODE")
result=$(sealrun offer "${options[@]}" --json) || { echo "$result"; exit 1; }
echo "$result"
python3 -c '
import json, sys
result = json.loads(sys.argv[1])
for name in ("offer", "chain"):
    print(f"{name}={result[name]}")
print("matches=" + str(result["matches"]).lower())
' "$result" >>"$GITHUB_OUTPUT"
[ "$MUST_MATCH" != true ] || grep -qx matches=true "$GITHUB_OUTPUT"
