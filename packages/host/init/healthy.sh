#!/bin/sh
# A host container's health: its kubelet is well, and on the control plane the API server and all that init does.
set -eu
address=$(sed -n 's/^ *"address": "\(.*\)",*$/\1/p' /etc/kemu/host.json)
ask() { busybox wget -q -O /dev/null -T 3 "$@"; }
ask "http://$address:10248/healthz"
[ "$KEMU_ROLE" != control-plane ] || {
  [ -e /run/kemu/initialized ]
  ask --no-check-certificate "https://$address:6443/readyz"
}
