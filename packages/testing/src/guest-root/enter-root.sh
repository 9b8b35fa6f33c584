#!/bin/sh
# Makes a root of its own for a guest without a VM and runs a program in it: this machine's root
# below, a layer in memory above, the guest's files laid over both. Run as root, in a network of its
# own and in new mount, PID and host name namespaces: with this process everything of it ends.
# $1: the guest's directory; $2: the checkout; $3: its host name; the rest: the program.
set -eu
guest=$1
checkout=$2
hostname "$3"
shift 3
root=$guest/root

mount --make-rprivate /
mkdir -p "$guest/layer" "$root" "$guest/run"
mount -t tmpfs -o mode=0755 tmpfs "$guest/layer"
mkdir "$guest/layer/upper" "$guest/layer/work"
mount -t overlay -o "lowerdir=/,upperdir=$guest/layer/upper,workdir=$guest/layer/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root/run/mvm" "$root/usr/lib/mvm/app/node_modules" "$root$checkout"
mount --bind "$checkout" "$root$checkout"
mount --bind "$guest/run" "$root/run/mvm"
mount --bind "$MVM_NODE_MODULES" "$root/usr/lib/mvm/app/node_modules"
cp -a "$guest/tree/." "$root/"
: > "$root/usr/lib/mvm/node"
mount --bind "$MVM_NODE" "$root/usr/lib/mvm/node"
# Not exec: as the first process of its namespace the shell takes care of orphans.
chroot "$root" "$@"
