"""
Accepts connections on port 80 of every address, in a network namespace of its own:
`unshare --net listen.py`. It ends with its standard input, and its namespace and the link into it
with it.
"""

import socket
import sys
import threading


def accept(server):
    while True:
        connection, _ = server.accept()
        connection.close()


server = socket.create_server(("", 80))
threading.Thread(target=accept, args=[server], daemon=True).start()
print("listening", flush=True)
sys.stdin.read()
