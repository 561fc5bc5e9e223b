#!/bin/sh
# A container that plays a host: the container's file system is the host's, its network namespace the host's network.
# Everything that must outlive the container lies below /var/lib/kemu, a volume.
#
#   KEMU_ROLE            control-plane or worker
#   KEMU_NODE_NAME       the node's name; the host name if left out
#   KEMU_FIRST_SLOT      of a scaled service: instances share the volume, and each is the first worker from this number on
#                        that no other one is
#   KEMU_CONTROL_PLANES  names of all hosts of the control plane (see packages/cli/src/container/container-role.ts)
#   KEMU_API_ADDRESS     where the person's machine reaches the API server
set -eu
here=$(dirname "$(readlink -f "$0")")
data=/var/lib/kemu

# The engine gives its own part of these read-only. It is this container's part only: limits of pods are made there.
for place in $(awk '$5 ~ "^/sys/fs/cgroup" { print $5 }' /proc/self/mountinfo) /proc/sys; do
  mount -o remount,rw,bind "$place"
done
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  # cgroup v2: a group whose processes lie in it directly cannot pass controllers on.
  mkdir -p /sys/fs/cgroup/init
  for pid in $(cat /sys/fs/cgroup/cgroup.procs); do
    echo "$pid" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || : # it ended meanwhile
  done
  sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi

# Blackhole first: nothing that is meant for a pod or service may ever look for another way out.
ip route replace blackhole 10.0.0.0/8 metric 4000
# kubeadm's preflight asks for it. Which pods are behind which host is the pod network's to say.
echo 1 >/proc/sys/net/ipv4/ip_forward

: "${KEMU_NODE_NAME:=$(hostname)}"
if [ -n "${KEMU_FIRST_SLOT:-}" ]; then
  slot=$KEMU_FIRST_SLOT
  # The lock is held by this shell and the supervisor: it goes with them, however they end.
  until exec 8>"$data/worker$slot.lock" && flock --nonblock 8; do slot=$((slot + 1)); done
  KEMU_NODE_NAME=worker$slot
  data=$data/worker$slot
fi
export KEMU_NODE_NAME
hostname "$KEMU_NODE_NAME"

# The engine's DNS knows the other containers' addresses of today; pods on the host's network get this file too.
echo '# Other names: DNS' >>/etc/hosts

for place in /etc/cni/net.d /etc/kemu /etc/kubernetes /var/lib/cni /var/lib/containers /var/lib/etcd /var/lib/kubelet \
  /var/lib/log-store /var/log; do
  mkdir -p "$data$place" "$place"
  mount --bind "$data$place" "$place"
done

echo "[host] This container is host $KEMU_NODE_NAME"
if [ "$KEMU_ROLE" = control-plane ]; then
  # Hosts of one control plane share their authorities: the first one makes them.
  flock /var/lib/kemu-control-plane/lock kemu container prepare
  until kemu container finish; do sleep 1; done &
else
  kemu container prepare
fi

env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 \
  kemu host --health-address=127.0.0.1:10247 --mirror-logs-to=3 3>&1 >>/var/log/host.log 2>&1 &
supervisor=$!
trap 'kill -TERM $supervisor' TERM INT
while kill -0 $supervisor 2>/dev/null; do wait $supervisor && code=0 || code=$?; done
[ "$code" = 0 ] || tail -n 20 /var/log/host.log
exit "$code"
