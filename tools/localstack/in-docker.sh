# shellcheck shell=bash
# LocalStack in a container, from its own image.

container=steppe-localstack-$port

docker_start() {
  docker info >/dev/null 2>&1 || die 'LOCALSTACK=docker needs Docker; docker info fails'
  docker_stop
  local options=() setting
  for setting in "${settings[@]}"; do options+=(--env "$setting"); done
  docker run --detach --rm --name "$container" --publish "127.0.0.1:$port:4566" \
    "${options[@]}" "localstack/localstack:$version" >&2
  wait_until_ready && return
  echo 'LocalStack did not start; the end of its log:' >&2
  docker logs --tail 40 "$container" >&2
  docker_stop
  exit 1
}

docker_runs() { docker inspect "$container" >/dev/null 2>&1; }
docker_stop() { docker rm --force "$container" >/dev/null 2>&1 || true; }
