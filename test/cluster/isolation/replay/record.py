"""
Records what reaches one port of any address in this network, until its standard input ends:
`record.py PORT`. Prints a JSON line for each connection. Needs root.
"""

import collections
import json
import socket
import sys
import threading

ALL_PROTOCOLS = 3
TCP = 6


def segment(packet):
    """The connection, sequence number and payload of an IPv4 packet of TCP, or None."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != TCP:
        return None
    length = int.from_bytes(packet[2:4], "big")
    header = (packet[0] & 15) * 4
    tcp = packet[header : length or len(packet)]
    source, target = int.from_bytes(tcp[:2], "big"), int.from_bytes(tcp[2:4], "big")
    connection = (socket.inet_ntoa(packet[12:16]), source, socket.inet_ntoa(packet[16:20]), target)
    return connection, int.from_bytes(tcp[4:8], "big"), tcp[(tcp[12] >> 4) * 4 :]


def record(port, connections):
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
    print("recording", flush=True)
    while True:
        found = segment(packets.recv(65_536))
        if found and found[0][3] == port and found[2]:
            connection, sequence, payload = found
            # A packet is seen on each interface that it passes.
            connections[connection][sequence] = payload


connections = collections.defaultdict(dict)
threading.Thread(target=record, args=[int(sys.argv[1]), connections], daemon=True).start()
sys.stdin.read()
for (_, _, address, _), payloads in list(connections.items()):
    stream = b"".join(payload for _, payload in sorted(payloads.items()))
    print(json.dumps({"address": address, "stream": stream.decode("latin-1")}))
