"""Runs inside the sandbox: a loopback port in front of the unix socket. Standard library alone.

    python3 relay.py PORT SOCKET READY

``READY`` is a file that it makes once the port answers.
"""

import contextlib
import pathlib
import socket
import sys
import threading


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with contextlib.suppress(OSError):
                end.shutdown(how)


def serve(client: socket.socket, path: str) -> None:
    with client, socket.socket(socket.AF_UNIX) as way_out:
        way_out.connect(path)
        back = threading.Thread(target=pump, args=(way_out, client), daemon=True)
        back.start()
        pump(client, way_out)
        back.join()


def main(port: str, path: str, ready: str) -> None:
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=128)
    pathlib.Path(ready).touch()
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, path), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
