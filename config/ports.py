"""TCP ports on this machine."""

import socket


def free() -> int:
    """A port nobody listens on now. Somebody may take it before we do; the server that fails then says so."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def taken(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return False
    except OSError:
        return True


def free_pair() -> int:
    """The first of two neighbours: pages, and sockets on the next."""
    while True:
        port = free()
        if port < 65535 and not taken(port + 1):
            return port
