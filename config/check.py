"""`make test`: every check in order, each named and timed; the first that fails says what to do. `--static` stops before the tests."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from config import embedded
from config.install import ROOT, VENV, Steps
from config.processes import Problem

DATA_DIR = Path(os.environ.get("DATA_DIR") or ROOT / ".data").resolve()
BIN = VENV / "bin"
PYTHON = sys.executable

PRODUCTION = {
    "WHETSTONE_EMBEDDED": "0",
    "WHETSTONE_DEBUG": "0",
    "WHETSTONE_SECRET_KEY": secrets.token_urlsafe(64),
    "WHETSTONE_ALLOWED_HOSTS": "desk.example",
    "WHETSTONE_URL": "https://desk.example",
}


@dataclass(frozen=True)
class Check:
    title: str
    command: Sequence[str | Path]
    advice: str
    extra: Mapping[str, str] | None = None


STATIC = [
    Check("Lint (ruff)", [BIN / "ruff", "check", "--quiet", "."], "`.venv/bin/ruff check --fix .` mends most of it."),
    Check("Format (ruff)", [BIN / "ruff", "format", "--check", "--output-format", "concise", "."], "run `.venv/bin/ruff format .`"),
    Check("Types (mypy)", [BIN / "mypy"], "mend the types; `.venv/bin/mypy` shows them again.", {"WHETSTONE_DEBUG": "1"}),
    Check(
        "Layers (import-linter)",
        [BIN / "lint-imports"],
        "imports run downwards only: config > assistant | integrations > learning > helpdesk.",
    ),
    Check("Templates (djhtml)", [BIN / "djhtml", "--check", "templates"], "run `.venv/bin/djhtml templates`"),
]
WITH_SERVICES = [
    Check(
        "Production settings",
        [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        "settings.py must be safe when nothing but the environment says it is production.",
        PRODUCTION,
    ),
    Check(
        "Migrations are written",
        [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
        "run `manage.py makemigrations` and name it.",
        PRODUCTION,
    ),
]


def main() -> int:
    steps = Steps()
    try:
        for check in STATIC:
            run(check, steps, os.environ)
        if "--static" not in sys.argv:
            with ExitStack() as stack:
                run_tests(steps, stack)
    except KeyboardInterrupt:
        return 130
    except Problem as problem:
        print(f"\n{problem}", flush=True)
        return 1
    return 0


def run_tests(steps: Steps, stack: ExitStack) -> None:
    with steps("Known vulnerabilities (pip-audit)"):
        audit()
    with steps("Chromium"):
        find_browser()
    weights = [PYTHON, "-m", "config.weights"]
    run(
        Check("Weights of the embedding model", weights, "check the connection and the disk, then run it again."),
        steps,
        {**os.environ, "DATA_DIR": str(DATA_DIR)},
    )
    with steps("PostgreSQL and Redis"):
        addresses = stack.enter_context(embedded.throwaway("make test", os.environ))
    environ = {**os.environ, "DATABASE_URL": addresses.DATABASE_URL, "REDIS_URL": addresses.REDIS_URL, "DATA_DIR": str(DATA_DIR)}
    environ.pop("DJANGO_SETTINGS_MODULE", None)  # tests/conftest.py says when the settings may be read
    for check in WITH_SERVICES:
        run(check, steps, environ)
    with steps("Tests (pytest)", talks=True):
        workers = str(min(os.cpu_count() or 1, 4))
        arguments = ["-n", workers, "--dist", "loadscope", "--durations", "10", *os.environ.get("ARGS", "").split()]
        if subprocess.call([PYTHON, "-m", "pytest", *arguments], cwd=ROOT, env=environ):
            raise Problem("Tests failed: run one alone with `.venv/bin/pytest -x PATH`; what it needs it starts itself.")


def run(check: Check, steps: Steps, environ: Mapping[str, str]) -> None:
    with steps(check.title):
        answer = subprocess.run(
            [str(part) for part in check.command],
            cwd=ROOT,
            env={**environ, **(check.extra or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if answer.returncode:
            raise Problem(f"{answer.stdout.strip()}\n\n{check.title} failed: {check.advice}")


def audit() -> None:
    command = [
        BIN / "pip-audit",
        "--requirement",
        "requirements.txt",
        "--no-deps",
        "--disable-pip",
        "--progress-spinner=off",
        "--timeout=10",
    ]
    try:
        answer = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        print("skipped, its data did not come within three minutes", end=" … ")
        return
    blind, pins = answer.stdout.count("could not be audited"), (ROOT / "requirements.txt").read_text().count("==")
    if blind >= pins:
        print("skipped, the package index used here has no such data", end=" … ")
    elif answer.returncode and answer.stdout.strip():
        raise Problem(f"{answer.stdout}\nA dependency has a known flaw: `make pins ARGS=--upgrade`, then run the tests.")
    elif answer.returncode:
        print("skipped, its data cannot be reached", end=" … ")


def find_browser() -> None:
    """Debian's, as root; elsewhere the person installs it. In CI a missing browser fails instead of skipping tests."""
    if os.environ.get("WHETSTONE_CHROMIUM") or any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", "update"], env=quiet, stdout=subprocess.DEVNULL)
        subprocess.run(
            ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
            env=quiet,
            stdout=subprocess.DEVNULL,
        )
    if shutil.which("chromium"):
        return
    how = "There is no Chromium for the browser tests: install it (on Debian `apt-get install chromium`) or name one in WHETSTONE_CHROMIUM."
    if os.environ.get("CI"):
        raise Problem(how)
    print(f"skipping its tests. {how}", end=" … ")


if __name__ == "__main__":
    sys.exit(main())
