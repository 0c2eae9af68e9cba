# shellcheck shell=bash
# A certificate authority, a certificate for each component, and kubeconfig files.

make_identities() {
  local pki=$state/pki
  mkdir -p "$pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj /CN=steppe-cluster-ca -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$pki/service-account.key"
  certificate apiserver kube-apiserver kubernetes "$(apiserver_names)"
  certificate apiserver-kubelet kube-apiserver-kubelet-client system:masters
  certificate front-proxy front-proxy steppe
  certificate kubelet-server "$node" system:nodes "IP:$node_ip,DNS:$node"
  certificate admin admin system:masters
  certificate controller-manager system:kube-controller-manager system:kube-controller-manager
  certificate scheduler system:kube-scheduler system:kube-scheduler
  certificate kubelet "system:node:$node" system:nodes
  certificate kube-proxy system:kube-proxy system:node-proxier
  for user in admin controller-manager scheduler kubelet kube-proxy; do kubeconfig_for "$user"; done
}

apiserver_names() {
  printf '%s,' "IP:127.0.0.1" "IP:$node_ip" "IP:$api_service_ip" DNS:localhost DNS:kubernetes \
    DNS:kubernetes.default
  printf DNS:kubernetes.default.svc
}

# certificate NAME COMMON_NAME ORGANIZATION [SUBJECT_ALT_NAME]
certificate() {
  local pki=$state/pki
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$pki/$1.key" -subj "/O=$3/CN=$2" 2>/dev/null |
    openssl x509 -req -days 3650 -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial \
      -out "$pki/$1.crt" -extfile <(
        printf 'keyUsage=digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\n'
        [ -z "${4:-}" ] || printf 'subjectAltName=%s\n' "$4"
      ) 2>/dev/null
}

kubeconfig_for() {
  local pki=$state/pki
  cat >"$state/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters:
  - name: steppe
    cluster:
      server: https://127.0.0.1:6443
      certificate-authority-data: $(base64 -w0 "$pki/ca.crt")
users:
  - name: $1
    user:
      client-certificate-data: $(base64 -w0 "$pki/$1.crt")
      client-key-data: $(base64 -w0 "$pki/$1.key")
contexts: [{name: steppe, context: {cluster: steppe, user: $1}}]
current-context: steppe
YAML
}
