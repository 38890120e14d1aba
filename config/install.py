"""Make .venv, install what is pinned, then go on as a module of it: `python3 config/install.py [--tests] config.demo`.

Runs before anything is installed: standard library only, and by path, because importing `config` wants Celery.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
OLDEST = (3, 11)


class Steps:
    """Numbered and timed, on one page. Survives an exec: the number goes on where the last program stopped."""

    def __init__(self) -> None:
        self.done = int(os.environ.pop("WHETSTONE_STEPS", "0"))

    @contextmanager
    def __call__(self, title: str, *, talks: bool = False) -> Iterator[None]:
        """`talks`: the step prints lines of its own, so its time goes on a line below them."""
        self.done += 1
        started = time.monotonic()
        print(f"{self.done:2}  {title}", end="\n" if talks else " … ", flush=True)
        try:
            yield
        except BaseException:
            print("" if talks else "failed", flush=True)
            raise
        print(f"{'    ' if talks else ''}{time.monotonic() - started:.1f} s", flush=True)


def main() -> None:
    arguments = sys.argv[1:]
    wanted = ["requirements.txt"]
    if arguments[:1] == ["--tests"]:
        wanted.append("tests/requirements.txt")
        arguments = arguments[1:]
    steps = Steps()
    try:
        install(wanted, steps)
    except KeyboardInterrupt:
        sys.exit(130)
    except Failed as failure:
        sys.exit(f"\n{failure}")
    sys.stdout.flush()
    os.chdir(ROOT)
    environ = {**os.environ, "WHETSTONE_STEPS": str(steps.done), "PYTHONUNBUFFERED": "1"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # packages are compiled when first imported; without a cache every start would be
    os.execve(PYTHON, [str(PYTHON), "-m", *arguments], environ)  # noqa: S606


class Failed(Exception):
    """One sentence: what is wrong and what to do."""


def install(wanted: list[str], steps: Steps) -> None:
    if sys.version_info < OLDEST:
        raise Failed(f"Whetstone needs Python 3.11 or newer and this is {sys.version.split()[0]}: PYTHON=python3.12 make …")
    with steps("Python environment"):
        make_venv()
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    for name in wanted:
        pins = ROOT / name
        fingerprint = hashlib.sha256(pins.read_bytes()).hexdigest()
        what = "Packages of the tests" if "tests" in name else "Packages"
        if installed.get(name) == fingerprint:
            with steps(f"{what}, unchanged"):
                continue
        with steps(what, talks=True):
            pip_install(pins)
        installed[name] = fingerprint
        STAMP.write_text(json.dumps(installed))


def make_venv() -> None:
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0:
        return
    STAMP.unlink(missing_ok=True)
    try:
        venv.create(VENV, with_pip=True, clear=True, symlinks=True)
    except (subprocess.CalledProcessError, ModuleNotFoundError) as error:
        raise Failed(
            "This Python cannot make environments (ensurepip is missing): on Debian and Ubuntu, apt-get install python3-venv."
        ) from error
    except OSError as error:
        raise Failed(f"{VENV} could not be made ({error}): make room or free the folder, then try again.") from error


def pip_install(pins: Path) -> None:
    """Wheels only, so no compiler is needed. With dependencies: another Python than the pins were made on may want one more."""
    lines = pins.read_text().splitlines()
    total = sum(1 for line in lines if "==" in line)
    command = [PYTHON, "-m", "pip", "install", "--only-binary=:all:", "--no-compile", "--disable-pip-version-check"]
    with subprocess.Popen(
        [*map(str, command), "--progress-bar=off", "-r", str(pins)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        said = follow(pip, total)
    if pip.returncode:
        errors = [line for line in said if line.startswith("ERROR")] or said
        raise Failed(
            f"pip could not install {pins.relative_to(ROOT)}: {' '.join(errors[-1:])}\nCheck the connection and the disk, then run it again; what was fetched is kept."
        )


def follow(pip: subprocess.Popen[str], total: int) -> list[str]:
    said, found, watched = [], 0, sys.stdout.isatty()
    for line in pip.stdout or ():
        said.append(line.strip())
        if line.startswith(("Collecting ", "Requirement already satisfied")):
            found += 1
            if watched or found % 40 == 0 or found == total:
                package = line.split(":")[0].split()[-1].split("==")[0]
                print(
                    f"\r    {found} of {total} found{f': {package}' if watched else ''}".ljust(60), end="" if watched else "\n", flush=True
                )
        elif line.startswith("Installing collected"):
            print(f"\r    installing {total} packages, about a minute".ljust(60), flush=True)
    return said


if __name__ == "__main__":
    main()
