# shellcheck shell=bash
# The settings with which this machine reaches package registries: certificates, mirrors, proxies.
# A build mounts them as secrets, so that no layer contains them.

setting_ids=(ca-certificates apt.conf apt.sources npmrc pip.conf)

# write_settings FOLDER: writes the files there and sets `settings_flags` to the flags of a build.
write_settings() {
  local folder=$1 id
  mkdir -p "$folder"
  copy_first "$folder/ca-certificates" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt
  copy_first "$folder/npmrc" "${NPM_CONFIG_USERCONFIG:-}" ~/.npmrc /usr/local/etc/npmrc
  copy_first "$folder/pip.conf" "${PIP_CONFIG_FILE:-}" ~/.config/pip/pip.conf /etc/pip.conf
  write_apt_settings "$folder"
  settings_flags=()
  for id in "${setting_ids[@]}"; do
    [ ! -s "$folder/$id" ] || settings_flags+=(--secret "id=$id,src=$folder/$id")
  done
}

# copy_first TARGET FILE…
copy_first() {
  local target=$1 file
  shift
  for file; do
    if [ -n "$file" ] && [ -s "$file" ]; then cp "$file" "$target"; return; fi
  done
}

write_apt_settings() {
  local sources=/etc/apt/sources.list.d/debian.sources own
  command -v apt-config >/dev/null || return 0
  # What concerns the network; hooks and cleaning are the image's own.
  apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv)' >"$1/apt.conf" || true
  [ -f "$sources" ] || return 0
  own=$(own_codename)
  sed "s/\b$own\b/trixie/g" "$sources" >"$1/apt.sources"
}

own_codename() {
  # shellcheck source=/dev/null
  (. /etc/os-release && echo "$VERSION_CODENAME")
}
