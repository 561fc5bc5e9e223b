#!/bin/sh
# Boots a host: a file system of its own whose root is the host's directory, then a PID namespace with the supervisor in
# it. Runs in new mount, UTS and IPC namespaces, with --net also in a new network namespace (packages/host/src/launch.ts).
#
#   HOST_ROOT      the host's directory; what it holds is the host's /
#   HOST_NAME      host name
#   MACHINE_DIRS   directories of the machine that the host sees at their own place, besides the system's
#   GATEWAY_DIR    directory with the gateway's socket, seen as /run/kemu-gateway (may be empty)
#   FABRIC_PID     a process in the fabric's network namespace; empty: the host shares the caller's network
#   HOST_ADDRESS   address with prefix length on the fabric
#   further words  the supervisor's command line
set -eu

if [ -n "${FABRIC_PID:-}" ]; then
  # Blackholes first: nothing that is meant for a pod or service may ever look for another way out.
  ip -batch - <<BATCH
link set lo up
route add blackhole 10.0.0.0/8 metric 4000
route add blackhole 172.16.0.0/12 metric 4000
route add blackhole 192.168.0.0/16 metric 4000
link add eth0 type veth peer name v-$HOST_NAME netns $FABRIC_PID
addr add $HOST_ADDRESS dev eth0
link set eth0 up
BATCH
  nsenter --target "$FABRIC_PID" --net ip link set "v-$HOST_NAME" master br0 up
  # kubeadm's preflight asks for it. Which pods are behind which host is the pod network's to say.
  echo 1 >/proc/sys/net/ipv4/ip_forward
fi
# In a user namespace the file belongs to the machine's root, the name does not.
{ echo "$HOST_NAME" >/proc/sys/kernel/hostname; } 2>/dev/null || hostname "$HOST_NAME"

cd "$HOST_ROOT"
[ ! -d tmp ] || rm -rf run/kemu-gateway/* run/netns # of an earlier boot
# What the host sees of the machine. Programs that start are most of a boot's cost: one makes all directories, one all
# links, one all mounts.
links='' places=''
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then [ -L "$name" ] || links="$links /$name"
  elif [ -d "/$name" ]; then places="$places /$name"; fi
done
for place in /usr /opt /nix /dev /sys $MACHINE_DIRS; do
  [ ! -d "$place" ] || places="$places $place"
done
directories='' mounts=''
for place in $places; do
  directories="$directories .$place"
  mounts="$mounts$place .$place none rbind
"
done
mkdir -p etc/cni/net.d var/lib var/log run/kemu-gateway tmp root home proc .machine/etc .machine/root \
  $directories
chmod 1777 tmp
[ -z "$links" ] || cp --no-dereference $links .
mount --bind . .
cd "$HOST_ROOT"
printf '%s\n' "$mounts/etc .machine/etc none rbind" >.machine/fstab
mount --all --fstab .machine/fstab
# The machine's configuration by links, the host's own files in front of them.
(cd etc && ln -s ../.machine/etc/* . 2>/dev/null) || :
[ -z "${GATEWAY_DIR:-}" ] || mount --bind "$GATEWAY_DIR" run/kemu-gateway

# The host's directory becomes the namespace's own root, not a chroot: who enters the namespace later (exec into a pod,
# kemu enter) arrives here and not in the machine.
mount --rbind /proc proc # umount looks there
pivot_root . .machine/root
umount -l /.machine/root

# PID 1 is a shell: it reaps orphans, and when the supervisor is gone everything in the namespace goes with it.
exec unshare --pid --fork --kill-child --mount --wd=/ sh -c '
  mount -t proc proc /proc
  "$@" &
  supervisor=$!
  trap "kill -TERM $supervisor" TERM INT
  while kill -0 $supervisor 2>/dev/null; do wait $supervisor || :; done' init "$@"
