#!/bin/sh
# The network that a cluster's hosts hang on: a namespace of its own with one bridge. Runs inside it (after unshare) and
# stays as the process that keeps it alive. $1: the bridge's address with its prefix length.
set -eu
ip -batch - <<BATCH
link set lo up
route add blackhole default metric 4000
link add br0 type bridge
addr add $1 dev br0
link set br0 up
BATCH
echo ready
exec sleep 2147483647
