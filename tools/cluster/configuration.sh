# shellcheck shell=bash
# Configuration files of the components, and the image of the pause container.

make_configuration() {
  configure_network
  configure_containerd
  configure_kubelet
  configure_kube_proxy
  configure_coredns
}

configure_network() {
  mkdir -p "$state/cni"
  cat >"$state/cni/10-steppe.conflist" <<JSON
{"cniVersion": "1.0.0", "name": "steppe", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/ipam",
    "ranges": [[{"subnet": "$pod_cidr"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

configure_containerd() {
  cat >"$state/containerd.toml" <<TOML
version = 2
root = "$state/containerd"
state = "$state/containerd-run"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "steppe.tools/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
TOML
}

configure_kubelet() {
  cat >"$state/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://$socket
cgroupDriver: cgroupfs
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: $state/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: $state/pki/kubelet-server.crt
tlsPrivateKeyFile: $state/pki/kubelet-server.key
failSwapOn: false
maxPods: 500
podPidsLimit: 1024
resolvConf: ""
clusterDNS: [$dns_service_ip]
clusterDomain: cluster.local
evictionHard: {nodefs.available: 1%, imagefs.available: 1%, memory.available: 100Mi}
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 5s
YAML
}

configure_kube_proxy() {
  cat >"$state/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $state/kube-proxy.kubeconfig}
clusterCIDR: $pod_cidr
mode: iptables
conntrack: {maxPerCore: 0}
YAML
}

configure_coredns() {
  cat >"$state/Corefile" <<COREFILE
. {
  bind $node_ip
  errors
  ready 127.0.0.1:8181
  cache 5
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $kubeconfig steppe
    ttl 5
  }
}
COREFILE
}

# Imports an archive, as `docker save` writes it, of an image with one static program.
load_pause() {
  local work digest
  work=$(mktemp -d)
  cp "$cache/$version/pause" "$work/pause"
  tar -C "$work" -cf "$work/layer.tar" pause
  digest=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
  cat >"$work/config.json" <<JSON
{"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/pause"], "User": "65535"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$digest"]}}
JSON
  cat >"$work/manifest.json" <<JSON
[{"Config": "config.json", "RepoTags": ["steppe.tools/pause:1"], "Layers": ["layer.tar"]}]
JSON
  tar -C "$work" -cf "$work/image.tar" manifest.json config.json layer.tar
  ctr images import "$work/image.tar" >/dev/null
  rm -rf "$work"
}
