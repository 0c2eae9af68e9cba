# shellcheck shell=bash
# The processes of the cluster: their commands, and how they are started and terminated.

components=(
  etcd containerd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy coredns
  netpol
)

# Sets `command` to the command line of a component.
command_of() {
  local pki=$state/pki kube=$cache/$version/kube
  case $1 in
    etcd) etcd_command ;;
    containerd) command=(containerd --config "$state/containerd.toml") ;;
    kube-apiserver) apiserver_command ;;
    kube-controller-manager)
      command=("$kube" kube-controller-manager --kubeconfig="$state/controller-manager.kubeconfig"
        --leader-elect=false --use-service-account-credentials --root-ca-file="$pki/ca.crt"
        --service-account-private-key-file="$pki/service-account.key"
        --horizontal-pod-autoscaler-sync-period=5s --node-monitor-grace-period="$node_grace" --v=1) ;;
    kube-scheduler)
      command=("$kube" kube-scheduler --kubeconfig="$state/scheduler.kubeconfig"
        --leader-elect=false --v=1) ;;
    kubelet)
      command=("$kube" kubelet --config="$state/kubelet.yaml"
        --kubeconfig="$state/kubelet.kubeconfig" --hostname-override="$node"
        --node-ip="$node_ip" --root-dir="$state/kubelet" --cert-dir="$state/kubelet-pki" --v=1) ;;
    kube-proxy)
      command=("$kube" kube-proxy --config="$state/kube-proxy.yaml" --hostname-override="$node"
        --v=1) ;;
    coredns) command=("$cache/$version/coredns" -conf "$state/Corefile") ;;
    netpol) command=(python3 "$here/netpol.py" "$pki/ca.crt" "$pki/admin.crt" "$pki/admin.key") ;;
    *) echo "cluster: unknown component: $1" >&2; return 2 ;;
  esac
}

etcd_command() {
  command=("$kube" etcd --unsafe-no-fsync --data-dir "$state/etcd" --name "$node"
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
    --listen-peer-urls http://127.0.0.1:2380 --initial-cluster "$node=http://127.0.0.1:2380"
    --initial-advertise-peer-urls http://127.0.0.1:2380)
}

apiserver_command() {
  command=("$kube" kube-apiserver --etcd-servers=http://127.0.0.1:2379
    --advertise-address="$node_ip" --secure-port=6443
    --service-cluster-ip-range="$(<"$state/service-cidr")"
    --allow-privileged=true --authorization-mode='Node,RBAC'
    --enable-admission-plugins=NodeRestriction --anonymous-auth=false
    --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt"
    --tls-private-key-file="$pki/apiserver.key" --kubelet-certificate-authority="$pki/ca.crt"
    --kubelet-client-certificate="$pki/apiserver-kubelet.crt"
    --kubelet-client-key="$pki/apiserver-kubelet.key"
    --kubelet-preferred-address-types=InternalIP
    --service-account-issuer=https://kubernetes.default.svc
    --service-account-key-file="$pki/service-account.key"
    --service-account-signing-key-file="$pki/service-account.key"
    --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=front-proxy
    --requestheader-username-headers=X-Remote-User
    --requestheader-group-headers=X-Remote-Group
    --requestheader-extra-headers-prefix=X-Remote-Extra-
    --proxy-client-cert-file="$pki/front-proxy.crt" --proxy-client-key-file="$pki/front-proxy.key"
    --enable-aggregator-routing=true --event-ttl=30m --v=1)
}

run() {
  local command=()
  command_of "$1"
  PATH=/usr/sbin:/sbin:$PATH setsid nsenter --net="/run/netns/$netns" -- "${command[@]}" \
    >>"$state/$1.log" 2>&1 </dev/null &
  echo $! >"$state/$1.pid"
}

# terminate COMPONENT [SIGNAL]
terminate() {
  local pid
  pid=$(pid_of "$1") || return 0
  kill "-${2:-TERM}" "$pid" 2>/dev/null || true
  for _ in $(seq 1 50); do alive "$pid" || break; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
  rm -f "$state/$1.pid"
}

running() { local pid; pid=$(pid_of "$1") && alive "$pid"; }
pid_of() { cat "$state/$1.pid" 2>/dev/null; }
# A zombie is not alive; one whose other threads still exit keeps its ports.
alive() { grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/task/"*/status; }

# wait_for SECONDS WHAT CMD…
wait_for() {
  local seconds=$1 what=$2
  shift 2
  for _ in $(seq 1 $((seconds * 5))); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  echo "cluster: $what is not ready after $seconds s; the ends of the logs in $state:" >&2
  tail -n 5 "$state"/*.log >&2
  return 1
}
