# shellcheck shell=bash
# Installs Debian's packages and builds Kubernetes into the cache, keyed by its version.

packages=(
  containerd runc containernetworking-plugins iptables nftables ipset iproute2 conntrack util-linux
  openssl curl python3 gcc libc6-dev
)

install() { install_packages; build; }

install_packages() {
  dpkg -s "${packages[@]}" >/dev/null 2>&1 && return
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${packages[@]}" >/dev/null
}

build() {
  local out=$cache/$version set=k8s.io/component-base/version
  [ -x "$out/kube" ] && [ -x "$out/coredns" ] && [ -x "$out/pause" ] && return
  mkdir -p "$out"
  echo "cluster: building Kubernetes $version, once; this takes minutes" >&2
  gcc -O2 -static -o "$out/pause" "$here/pause.c"
  go_build kube -ldflags "-s -w -X $set.gitVersion=$version -X $set.gitMajor=1 \
    -X $set.gitMinor=34 -X $set.gitTreeState=clean"
  go_build coredns -ldflags "-s -w"
}

# go_build NAME FLAGS…; NAME is also the folder of its module.
go_build() {
  local name=$1
  shift
  (cd "$here/$name" &&
    CGO_ENABLED=0 go build -mod=readonly -trimpath -o "$cache/$version/$name.new" "$@" .)
  mv "$cache/$version/$name.new" "$cache/$version/$name"
}
