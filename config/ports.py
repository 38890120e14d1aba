"""TCP ports on this machine."""

import secrets
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


def free_row() -> int:
    """The first of three neighbours: pages, sockets on the next, and the pretend product of the demo after that.

    Below the ports that systems hand out by themselves: it takes a while until both are listened on, and nobody should get one of them meanwhile.
    """
    while True:
        port = 20_000 + 3 * secrets.randbelow(4_000)
        if not any(taken(port + place) for place in range(3)):
            return port
