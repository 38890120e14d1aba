"""`python -m config.pretend PORT DESK`: serves the pretend product until it is told to stop."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from config.install import ROOT
from config.pretend import KEPT_IN
from config.pretend.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="config.pretend", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("desk", help="the address of the helpdesk, such as http://localhost:8000")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / ".data")
    serve(given.port, given.desk.rstrip("/"), data_dir / KEPT_IN)
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
