#!/usr/bin/env bash
# Pins the tag, then check, seal and publish, as README has it by hand.
set -euo pipefail
umask 077
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
sealrun offer --file "$FILE" --pin "$GITHUB_REF_NAME"
printf %s "$TOKEN" | sealrun check --file "$FILE" --token-file -
printf %s "$TOKEN" | sealrun seal --file "$FILE" --stack "$STACK" --token-file - --yes
options=(--file "$FILE" --stack "$STACK" --yes)
if [ -n "$CONTRACT_KEY" ]; then
  printf %s "$SELLER_KEY" >"$keys/seller"
  printf %s "$CONTRACT_KEY" >"$keys/contract"
  options+=(--key "$keys/seller" --contract-key "$keys/contract" --node "$NODE")
fi
sealrun publish "${options[@]}"
