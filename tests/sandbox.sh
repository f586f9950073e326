#!/bin/bash
# sandbox.sh COMMAND...: runs COMMAND in a network namespace of its own, where everything under /proc/sys but net is
# read-only. Ends with 99 where the machine does not let it.
#
# A network namespace alone protects nothing: uid 0 in it is the machine's, and vm, fs and kernel open for writing.
set -u
if [ "${1-}" != --built ]; then
  if [ "$(id -u)" = 0 ]; then user=(); else user=(--map-root-user); fi
  unshare "${user[@]}" --net --mount true || exit 99
  exec unshare "${user[@]}" --net --mount --propagation private bash "$0" --built "$@"
fi
shift
mount --bind /proc/sys /proc/sys && mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,ro /proc/sys || exit 99
if (: >>/proc/sys/vm/swappiness) 2>/dev/null; then exit 99; fi
if [ -e /proc/sys/net/ipv4/tcp_max_orphans ]; then exit 99; fi
ip link set lo up || exit 99
exec "$@"
