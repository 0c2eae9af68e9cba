"""
Accepts connections on ports of every address, in a network namespace of its own:
`unshare --net listen.py PORT...`. It ends with its standard input; with it go its namespace and
the link into that.
"""

import socket
import sys
import threading


def accept(server):
    while True:
        connection, _ = server.accept()
        connection.close()


for port in sys.argv[1:]:
    server = socket.create_server(("", int(port)))
    threading.Thread(target=accept, args=[server], daemon=True).start()
print("listening", flush=True)
sys.stdin.read()
