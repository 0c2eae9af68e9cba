"""
Records what reaches one port of any address in this network, until its standard input ends:
`record.py PORT`. Prints a JSON line for each connection. Needs root.
"""

import collections
import json
import select
import socket
import sys

ALL_PROTOCOLS = 3
TCP = 6
FORCE_RECEIVE_BUFFER = 33


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


def received(packets):
    """All packets up to the end of the standard input, those included that wait by then."""
    while sys.stdin not in select.select([packets, sys.stdin], [], [])[0]:
        yield packets.recv(65_536)
    while select.select([packets], [], [], 0)[0]:
        yield packets.recv(65_536)


connections = collections.defaultdict(dict)
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
# Other tests have traffic too.
packets.setsockopt(socket.SOL_SOCKET, FORCE_RECEIVE_BUFFER, 64 << 20)
print("recording", flush=True)
for packet in received(packets):
    found = segment(packet)
    if found and found[0][3] == int(sys.argv[1]) and found[2]:
        connection, sequence, payload = found
        # A packet is seen on each interface that it passes.
        connections[connection][sequence] = payload
for (_, _, address, _), payloads in connections.items():
    stream = b"".join(payload for _, payload in sorted(payloads.items()))
    print(json.dumps({"address": address, "stream": stream.decode("latin-1")}))
