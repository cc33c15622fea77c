#!/usr/bin/env bash
# One call of the offer in OFFER; the key goes over stdin only.
set -euo pipefail
options=(--as "$INPUT" --parent "$PARENT" --evidence "$EVIDENCE")
[ -z "$ACCOUNTS" ] || options+=(--pay --per-call "$PER_CALL")
[ -z "$NODE" ] || options+=(--node "$NODE")
read -ra given <<<"${GIVEN//$'\n'/ }"
read -ra accounts <<<"${ACCOUNTS//$'\n'/ }"
read -ra only <<<"${ONLY//$'\n'/ }"
for each in "${given[@]}"; do options+=(--input "$each"); done
for each in "${accounts[@]}"; do options+=(--account "$each"); done
for each in "${only[@]}"; do options+=(--service "$each"); done
key=$KEY
unset KEY
printf %s "$key" | sealrun child "$OFFER" "${options[@]}" --key -
