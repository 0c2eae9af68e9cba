# shellcheck shell=bash
# Builds programs from the Go module of the current directory into a cache, keyed by what go.mod and
# go.sum contain.

# open_cache NAME: sets `directory` to that of the programs, and locks it for this process.
open_cache() {
  tools=$1
  command -v go >/dev/null || {
    echo "tools/$tools: Go is needed; install it (https://go.dev/doc/install) and run this again" >&2
    exit 1
  }
  directory=${XDG_CACHE_HOME:-$HOME/.cache}/steppe-tools/$tools-$(sha256sum go.mod go.sum | sha256sum | cut -c1-12)
  mkdir -p "$directory"
  exec 9>"$directory/.lock"
  flock 9
}

# build NAME PACKAGE: builds the program where it is missing.
build() {
  [ -x "$directory/$1" ] && return
  echo "tools/$tools: building $1, once; this takes minutes" >&2
  CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags '-s -w' -o "$directory/$1.new" "$2" >&2
  mv "$directory/$1.new" "$directory/$1"
}
