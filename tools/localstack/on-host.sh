# shellcheck shell=bash
# LocalStack as processes of this machine.

log=$state/localstack.log

# LocalStack takes a machine with /.dockerenv for its own image, and would then ignore
# FILESYSTEM_ROOT. It reports a resource type that it lacks as created, unless told not to.
host_start() {
  install
  host_stop
  mkdir -p "$state"
  port_is_taken && die "port $port is taken by another program; set LOCALSTACK_PORT"
  mkdir -p "$state/root/var/lib/localstack"
  ln -sfn "$cache/lib" "$state/root/var/lib/localstack/lib"
  env "${settings[@]}" OVERRIDE_IN_DOCKER=0 FILESYSTEM_ROOT="$state/root" \
    CONFIG_DIR="$state/config" GATEWAY_LISTEN="127.0.0.1:$port" SKIP_SSL_CERT_DOWNLOAD=1 \
    DNS_ADDRESS=0 PYTHONUNBUFFERED=1 \
    setsid "$cache/venv/bin/python" -m localstack.runtime.main >"$log" 2>&1 </dev/null 9>&- &
  echo $! >"$state/pids"
  if ! wait_until_ready; then
    echo 'LocalStack did not start (DEBUG=1 logs more); the end of its log:' >&2
    tail -n 40 "$log" >&2
    host_stop
    exit 1
  fi
  host_processes >"$state/pids.new"
  mv "$state/pids.new" "$state/pids"
}

host_runs() {
  kill -0 "$(head -n 1 "$state/pids")" 2>/dev/null && ! grep -q 'Restarting process' "$log"
}

# The recorded processes that still run, and their children. A recorded id may belong to another
# program by now: that is left out.
host_processes() {
  local pid
  [ -f "$state/pids" ] || return 0
  while read -r pid; do
    is_ours "$pid" || continue
    echo "$pid"
    ps -o pid= --ppid "$pid" | tr -d ' ' || true
  done <"$state/pids" | awk '!seen[$0]++'
}

is_ours() { grep -qsF -e "$cache/" -e "$state/" "/proc/$1/cmdline"; }

# LocalStack stops the Java process that it started, in some seconds. What it leaves is killed.
# Nothing of it remains, its log neither.
host_stop() {
  local pids pid
  mapfile -t pids < <(host_processes)
  for pid in "${pids[@]}"; do
    kill -CONT "$pid" 2>/dev/null || true
    grep -qsF localstack.runtime.main "/proc/$pid/cmdline" || continue
    kill -TERM "$pid" 2>/dev/null || true
    for _ in $(seq 1 40); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.2
    done
  done
  for pid in "${pids[@]}"; do
    is_ours "$pid" && kill -KILL "$pid" 2>/dev/null
  done
  rm -rf "$state"
}

# host_signal NAME: to every process.
host_signal() {
  local pid
  for pid in $(host_processes); do kill "-$1" "$pid"; done
}
