# shellcheck shell=bash disable=SC2034 # read by the programs that source this file
# Names, addresses and paths of the cluster, and the clients that use them.

cache=${STEPPE_CLUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/steppe-cluster}
state=/run/steppe-cluster # sockets, certificates, logs and data; `cluster stop` removes it
netns=steppe-cluster      # every address of the cluster is in this network namespace
node=steppe-node
node_ip=172.30.0.2
service_cidr=${STEPPE_CLUSTER_SERVICE_CIDR:-10.96.0.0/16}
api_service_ip=10.96.0.1
dns_service_ip=10.96.0.10
node_grace=${STEPPE_CLUSTER_NODE_GRACE:-50s} # without a sign of life, a node is NotReady after it
pod_cidr=10.244.0.0/16
version=v1.34.4
socket=$state/containerd.sock
kubeconfig=$state/admin.kubeconfig

inside() { nsenter --net="/run/netns/$netns" -- "$@"; }
kubectl() { inside "$cache/$version/kube" kubectl --kubeconfig "$kubeconfig" "$@"; }
ctr() { command ctr --address "$socket" --namespace k8s.io "$@"; }
