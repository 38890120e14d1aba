"""`make bench NAME=answer`: run tests/benchmarks/answer.py against databases of its own; its figures go to .data/bench/answer.json."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import embedded
from config.install import ROOT
from config.processes import Owner, Problem

KEPT = {"inbox"}  # what takes minutes to fill stays for the next run; `make clean` forgets it


def main() -> int:
    name = (sys.argv[1:] or [""])[0]
    known = sorted(path.stem for path in (ROOT / "tests" / "benchmarks").glob("[!_]*.py"))
    if name not in known:
        print(f"There is no benchmark {name!r}: make bench NAME=… with one of {', '.join(known) or 'none yet'}.")
        return 2
    try:
        with databases(name) as addresses:
            environ = {
                **os.environ,
                "DATABASE_URL": addresses.DATABASE_URL,
                "REDIS_URL": addresses.REDIS_URL,
                "WHETSTONE_EMBEDDED": "1",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }
            subprocess.run([sys.executable, "-m", "config.weights"], cwd=ROOT, env=environ, check=True)
            subprocess.run([sys.executable, "-m", "config.prepare"], cwd=ROOT, env=environ, check=True)
            return subprocess.call([sys.executable, "-m", f"tests.benchmarks.{name}"], cwd=ROOT, env=environ)
    except (Problem, subprocess.CalledProcessError) as problem:
        print(problem)
        return 1
    except KeyboardInterrupt:
        return 130


@contextmanager
def databases(name: str) -> Iterator[embedded.Addresses]:
    purpose = f"make bench NAME={name}"
    if name not in KEPT:
        with embedded.throwaway(purpose, os.environ, durable=True) as addresses:
            yield addresses
        return
    folder = Path(os.environ.get("DATA_DIR") or ROOT / ".data") / "bench" / name
    folder.mkdir(parents=True, exist_ok=True)
    with Owner(folder, purpose) as owner:
        yield embedded.start(owner, os.environ)


if __name__ == "__main__":
    sys.exit(main())
