"""`make pins`: compile the two requirements.in. What follows on the command line goes to pip-compile (`--upgrade`)."""

import subprocess
import sys

from config.install import ROOT, VENV

OPTIONS = [
    *("--quiet", "--strip-extras", "--no-header", "--annotation-style=line", "--unsafe-package=pip"),
    # Where this machine gets its packages is nobody else's business.
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
]
FILES = {"config/requirements.in": "requirements.txt", "tests/requirements.in": "tests/requirements.txt"}


def main() -> int:
    for source, target in FILES.items():
        command = [str(VENV / "bin" / "pip-compile"), *OPTIONS, *sys.argv[1:], "--output-file", target, source]
        if subprocess.call(command, cwd=ROOT):
            return 1
        pins = ROOT / target
        pins.write_text("".join(line + "\n" for line in pins.read_text().splitlines() if "==" in line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
