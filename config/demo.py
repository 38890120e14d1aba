"""`make demo`: everything on this machine, with the demo company in it. Ctrl-C stops all of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from config import embedded, ports, pretend, product
from config.install import Steps
from config.processes import Owner, Problem, stopped, wait_until

PASSWORD = "whetstone-demo"  # noqa: S105  (of people who exist in the demo only, on an address only this machine reaches)
LOAD = ["manage.py", "load_demo"]
LOGINS = {
    "Admin": ("morgan@fieldnote.example", f"password {PASSWORD}", "/accounts/login/"),
    "Agent": ("ines@fieldnote.example", f"password {PASSWORD}", "/accounts/login/"),
    "Customer": ("priya@northline-rail.example", "the code comes by mail, which is at /dev/mail/", "/sign-in/"),
}


def main() -> int:
    signal.signal(signal.SIGINT, interrupt)  # a script's background job starts with it ignored
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, interrupt)
    steps = Steps()
    try:
        port = chosen_port(os.environ)
        data_dir = Path(os.environ.get("DATA_DIR") or product.ROOT / ".data")
        with Owner(data_dir, "make demo") as owner:
            try:
                serve(owner, port, steps)
            finally:
                # A second Ctrl-C must not leave half of it running.
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
                print("\nStopping …", flush=True)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return 0
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
        return 1
    return 0


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def chosen_port(environ: Mapping[str, str]) -> int:
    given = environ.get("PORT") or "8000"
    if not given.isdigit() or not 1 <= int(given) <= 65533:
        raise Problem(f"PORT must be a number from 1 to 65533, not {given!r}.")
    return int(given)


def serve(owner: Owner, port: int, steps: Steps) -> None:
    for number in range(port, port + 3):
        if ports.taken(number):
            raise Problem(f"Port {number} is taken by another program: choose another with `PORT={other(port)} make demo`.")
    environ = {**os.environ, "DATA_DIR": str(owner.data_dir)}
    with steps("Weights of the embedding model"):
        run([sys.executable, "-m", "config.weights"], environ, "The weights could not be put in place")
    with steps("PostgreSQL and Redis"):
        addresses = embedded.start(owner, os.environ)
    environ = product.environment(os.environ, addresses, owner.data_dir, port, embedded.keep_secret(owner.data_dir / "secret_key"))
    with steps("Database tables"):
        run([sys.executable, "-m", "config.prepare"], environ, "The tables could not be made")
    with steps("The demo company", talks=True):
        carrier = ["--carried-by", str(port + 2), "--keep-in", str(owner.data_dir / pretend.KEPT_IN)]
        run(
            [sys.executable, *LOAD, *carrier],
            {**environ, "WHETSTONE_LOG_LEVEL": "WARNING"},
            "The demo company could not be loaded",
            quiet=False,
        )
    with steps("Web, live, worker and beat"):
        for name in product.NAMES:
            product.start(name, owner, environ, port)
        product.wait_ready(port, owner)
    with steps("Fieldnote, to carry the widget"):
        start_pretend(owner, port + 2, environ["WHETSTONE_URL"])
    announce(port, owner.data_dir)
    watch(owner)


def start_pretend(owner: Owner, port: int, desk: str) -> None:
    """It is somebody else's product: it gets none of ours but the address, and the site's key and secret from a file."""
    command = [sys.executable, "-m", "config.pretend", str(port), desk]
    child = owner.start("pretend", command, env={**os.environ, "DATA_DIR": str(owner.data_dir)}, cwd=product.ROOT, patience=5)
    wait_until(lambda: ports.taken(port), what="The pretend product", seconds=20, child=child)


def other(port: int) -> int:
    return next((number for number in range(port + 100, 65000, 100) if not any(ports.taken(number + place) for place in range(3))), 0)


def run(command: list[str], environ: Mapping[str, str], failure: str, *, quiet: bool = True) -> None:
    output = subprocess.PIPE if quiet else None
    answer = subprocess.run(command, cwd=product.ROOT, env=environ, stdout=output, stderr=output and subprocess.STDOUT, text=True)
    if answer.returncode:
        said = "\n".join((answer.stdout or "").strip().splitlines()[-8:])
        raise Problem(f"{failure}:\n{said}" if said else f"{failure}; the reason is above.")


def announce(port: int, data_dir: Path) -> None:
    address = f"http://localhost:{port}"
    print(f"\nWhetstone is ready on {address} (everything it keeps is in {data_dir}).\n")
    for role, (login, how, path) in LOGINS.items():
        print(f"  {role:9} {login:29} {how:50} {address}{path}")
    print(f"\n  Their product, with the widget on it (choose who is signed in at its top): http://localhost:{port + 2}/permits")
    print("\nCtrl-C stops it.", flush=True)


def watch(owner: Owner) -> None:
    while True:
        if failed := owner.first_failed():
            raise stopped(failed, f"The {failed.name} process")
        time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main())
