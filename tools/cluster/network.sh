# shellcheck shell=bash
# The network namespace of the cluster, and the service that gives pods their DNS.

make_network() {
  ip netns list | grep -qw "$netns" && return
  ip netns add "$netns"
  inside ip link set lo up
  inside ip link add node0 type veth peer name node0-peer
  inside ip address add "$node_ip/24" dev node0
  inside ip link set node0 up
  inside ip link set node0-peer up
  inside ip route add default dev node0
  inside sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
}

# CoreDNS runs beside the other components, not in a pod; pods find it through this service.
publish_dns() {
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: $dns_service_ip
  ports: [{name: dns, protocol: UDP, port: 53}, {name: dns-tcp, protocol: TCP, port: 53}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kube-dns
  namespace: kube-system
  labels: {kubernetes.io/service-name: kube-dns}
addressType: IPv4
ports: [{name: dns, protocol: UDP, port: 53}, {name: dns-tcp, protocol: TCP, port: 53}]
endpoints: [{addresses: [$node_ip]}]
YAML
}
