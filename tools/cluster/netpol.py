"""
Enforces NetworkPolicies on the one node with nftables: `netpol.py CA CERTIFICATE KEY`.

Polls the API server and rewrites one nft table whenever pods, namespaces or policies change it. It
follows the API's semantics for IPv4: isolation per direction; pod, namespace and IP block peers;
numeric and named ports; port ranges. Traffic from the node to its pods is accepted, as in every
implementation, for the kubelet's probes.
"""

import http.client
import json
import ssl
import subprocess
import sys
import time

API = ("127.0.0.1", 6443)
TABLE = "steppe_netpol"
POLL_SECONDS = 0.5
PATHS = ("/api/v1/pods", "/api/v1/namespaces", "/apis/networking.k8s.io/v1/networkpolicies")


def main(ca, certificate, key):
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    connection, applied = None, None
    while True:
        try:
            connection = connection or http.client.HTTPSConnection(*API, context=context, timeout=5)
            ruleset = Cluster(*(list_items(connection, path) for path in PATHS)).ruleset()
            if ruleset != applied:
                subprocess.run(["nft", "-f", "-"], input=ruleset, text=True, check=True)
                applied = ruleset
                log(f"applied {ruleset.count(' return')} rules")
        except (OSError, http.client.HTTPException, KeyError, subprocess.SubprocessError) as error:
            log(repr(error))
            connection = None
        time.sleep(POLL_SECONDS)


def list_items(connection, path):
    connection.request("GET", path)
    return json.load(connection.getresponse())["items"]


def log(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Cluster:
    """One reading of the API server's pods, namespaces and policies."""

    def __init__(self, pods, namespaces, policies):
        self.pods = [pod for pod in pods if has_own_address(pod)]
        self.namespaces = {each["metadata"]["name"]: labels_of(each) for each in namespaces}
        self.policies = policies

    def ruleset(self):
        chains, jumps = [], {}
        for direction, own in (("egress", "saddr"), ("ingress", "daddr")):
            isolated, lines = self.rules(direction)
            accepted = "".join(f"    {line}\n" for line in lines)
            chains.append(f"  chain {direction} {{\n{accepted}    drop\n  }}")
            jump = f"    ip {own} {address_set(isolated)} jump {direction}\n"
            jumps[direction] = jump if isolated else ""
        both = jumps["egress"] + jumps["ingress"]
        chains.append(hook_chain("forward", both))
        # What a pod sends to the node, such as a query to the cluster's DNS, arrives at `input`.
        chains.append(hook_chain("input", jumps["egress"]))
        body = "\n".join(chains)
        table = f"table inet {TABLE}"
        return f"{table}\ndelete {table}\n{table} {{\n{body}\n}}\n"

    def rules(self, direction):
        """Addresses that are isolated in a direction, and the nft lines that accept traffic."""
        isolated, lines = set(), set()
        for policy in self.policies:
            spec, namespace = policy["spec"], policy["metadata"]["namespace"]
            types = spec.get("policyTypes") or ["Ingress"] + ["Egress"] * ("egress" in spec)
            if direction.capitalize() not in types:
                continue
            chosen = self.pods_of(spec.get("podSelector", {}), namespace)
            isolated |= addresses_of(chosen)
            for rule in spec.get(direction) or []:
                lines |= set(self.lines_of(rule, direction, chosen, namespace))
        return isolated, sorted(lines)

    def lines_of(self, rule, direction, chosen, namespace):
        is_egress = direction == "egress"
        own, other = ("saddr", "daddr") if is_egress else ("daddr", "saddr")
        peers = rule.get("to" if is_egress else "from")
        matches = [self.peer(peer, f"ip {other}", namespace) for peer in peers] if peers else [""]
        # A named port is looked up in the pods that receive: the policy's own for ingress.
        for port, receivers in port_matches(rule.get("ports"), self.pods if is_egress else chosen):
            subjects = chosen if is_egress else receivers
            if not subjects:
                continue
            for match in matches:
                if match is not None:
                    line = f"ip {own} {address_set(addresses_of(subjects))} {match} {port} return"
                    yield " ".join(line.split())

    def peer(self, peer, address, policy_namespace):
        """The nft match for one peer, or None if it matches no pod."""
        if "ipBlock" in peer:
            block = peer["ipBlock"]
            excluded = block.get("except")
            match = f"{address} {block['cidr']}"
            return match + (f" {address} != {address_set(excluded)}" if excluded else "")
        selector = peer.get("podSelector", {})
        if "namespaceSelector" in peer:
            chosen = [
                pod
                for name, labels in self.namespaces.items()
                if selects(peer["namespaceSelector"], labels)
                for pod in self.pods_of(selector, name)
            ]
        else:
            chosen = self.pods_of(selector, policy_namespace)
        return f"{address} {address_set(addresses_of(chosen))}" if chosen else None

    def pods_of(self, selector, namespace):
        return [
            pod
            for pod in self.pods
            if pod["metadata"]["namespace"] == namespace and selects(selector, labels_of(pod))
        ]


def hook_chain(hook, jumps):
    head = f"type filter hook {hook} priority filter - 5; policy accept;"
    return f"  chain {hook} {{\n    {head}\n    ct state established,related accept\n{jumps}  }}"


def port_matches(ports, receivers):
    """(nft match, pods it applies to) for each port; a named port may differ between pods."""
    if not ports:
        yield "", receivers
    for port in ports or []:
        protocol = port.get("protocol", "TCP").lower()
        number = port.get("port")
        if isinstance(number, str):
            for pod in receivers:
                for declared in declared_ports(pod):
                    same_protocol = declared.get("protocol", "TCP").lower() == protocol
                    if declared.get("name") == number and same_protocol:
                        yield f"{protocol} dport {declared['containerPort']}", [pod]
        elif number is None:
            yield f"meta l4proto {protocol}", receivers
        else:
            last = f"-{port['endPort']}" if "endPort" in port else ""
            yield f"{protocol} dport {number}{last}", receivers


def declared_ports(pod):
    containers = pod["spec"]["containers"] + pod["spec"].get("initContainers", [])
    return [port for container in containers for port in container.get("ports", [])]


def selects(selector, labels):
    """Whether a LabelSelector matches; an empty one matches everything."""
    tests = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, _: key in labels,
        "DoesNotExist": lambda key, _: key not in labels,
    }
    return all(
        labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()
    ) and all(
        tests[each["operator"]](each["key"], each.get("values", []))
        for each in selector.get("matchExpressions", [])
    )


def has_own_address(pod):
    status = pod["status"]
    is_live = status["phase"] in ("Pending", "Running")
    return is_live and status.get("podIP") and not pod["spec"].get("hostNetwork")


def labels_of(thing):
    return thing["metadata"].get("labels", {})


def addresses_of(pods):
    return {pod["status"]["podIP"] for pod in pods}


def address_set(addresses):
    return "{ " + ", ".join(sorted(addresses)) + " }"


if __name__ == "__main__":
    main(*sys.argv[1:])
