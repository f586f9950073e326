#!/bin/bash
# sandbox.sh COMMAND...               runs COMMAND where nothing of the machine can be changed
# sandbox.sh --enter PID COMMAND...   runs COMMAND in the sandbox that the process PID lives in
#
# A network namespace alone protects nothing: root in `unshare -rn` is still the machine's root, and /proc/sys/vm,
# fs and kernel open for writing. So everything under /proc/sys but net is made read-only, /run is empty, and
# /etc/sysctl.d and the other folders of that name, /etc/sysctl.conf, /etc/twtune and /var/lib are private, without what
# the machine has in them.
# Nothing is created on the machine for it, and all of it is gone with the last process inside. lo is up.
#
# Root gets a mount and a network namespace; anyone else a user namespace as well. Before COMMAND is run the
# sandbox proves itself; where it cannot, it says why and ends with 99.
set -u

refuse() {
  echo "sandbox: $*" >&2
  exit 99
}

# Opens for appending and writes nothing: tells whether a write would be let through.
opens_for_writing() { (: >>"$1") 2>/dev/null; }

prove() {
  local file
  for file in /proc/sys/vm/swappiness /proc/sys/fs/file-max /proc/sys/kernel/pid_max; do
    if opens_for_writing "$file"; then refuse "$file is writable here, so this is no sandbox"; fi
  done
  # Only the machine's own network namespace has these.
  for file in tcp_max_orphans tcp_mem; do
    if [ -e "/proc/sys/net/ipv4/$file" ]; then refuse "this is the machine's own network namespace"; fi
  done
  [ -d /run/sandbox ] || refuse "/run is the machine's own"
}

# view DIR: replaces DIR by a folder of our own that shows the entries of the original through links,
# so that entries can be added or left out without touching the original. What leads through a link is read-only.
view() {
  local dir=$1 own=/run/sandbox/own$1 original=/run/sandbox/original$1
  mkdir -p "$own" "$original" &&
    mount --rbind "$dir" "$original" && { mount -o remount,bind,ro "$original" 2>&- || :; } && [ ! -w "$original" ] &&
    (shopt -s nullglob dotglob && cd "$original" && ln -s "$PWD"/* "$own"/) &&
    mount --bind "$own" "$dir"
}

build() {
  mount --bind /proc/sys /proc/sys &&
    mount --bind /proc/sys/net /proc/sys/net &&
    mount -o remount,bind,ro /proc/sys || refuse "cannot make /proc/sys read-only"
  mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sandbox || refuse "cannot mount over /run"
  view /etc && view /var/lib || refuse "cannot make a private /etc and /var/lib"
  rm -f /etc/sysctl.d /etc/sysctl.conf /etc/twtune /var/lib/twtune
  mkdir /etc/sysctl.d /etc/twtune || refuse "cannot make private folders"
  : >/etc/sysctl.conf
  view /usr/local/lib && rm -f /usr/local/lib/sysctl.d && mkdir /usr/local/lib/sysctl.d ||
    refuse "cannot make a private /usr/local/lib"
  local vendor
  for vendor in /usr/lib /lib; do
    if [ -d "$vendor/sysctl.d" ]; then
      mount -t tmpfs -o mode=755 tmpfs "$vendor/sysctl.d" || refuse "cannot mount over $vendor/sysctl.d"
      echo "$vendor/sysctl.d"
    fi
  done >/run/sandbox/private
  printf '%s\n' /etc/sysctl.d /etc/sysctl.conf /run /usr/local/lib/sysctl.d >>/run/sandbox/private
  opens_for_writing /proc/sys/net/ipv4/tcp_fin_timeout || refuse "/proc/sys/net is not writable, nothing could be tested"
  ip link set lo up || refuse "cannot bring lo up; is iproute2 installed?"
}

need() {
  command -v "$1" >/dev/null || refuse "needs $1 (Debian: apt-get install $2)"
}

need unshare util-linux
need ip iproute2
if [ "$(id -u)" = 0 ]; then user=() joined=(); else user=(--map-root-user) joined=(--user --preserve-credentials); fi

case "${1-}" in
--built)
  shift
  build
  prove
  exec "$@"
  ;;
--entered)
  shift
  prove
  exec "$@"
  ;;
--enter)
  pid=$2
  shift 2
  exec nsenter --target "$pid" "${joined[@]}" --net --mount --wd="$PWD" bash "$0" --entered "$@"
  ;;
"")
  refuse "no command"
  ;;
*)
  unshare "${user[@]}" --net --mount true 2>/dev/null ||
    refuse "cannot make namespaces here; run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces), or give the container CAP_SYS_ADMIN"
  exec unshare "${user[@]}" --net --mount --propagation private bash "$0" --built "$@"
  ;;
esac
