"""The first steps of every make target: what a person sees when they fail, and that they are skipped when nothing changed."""

import json
import re
import sys

import pytest

from config import check, install
from config.install import Failed, Steps
from config.processes import Problem

PIN = re.compile(r"^[a-z0-9._-]+==[^\s=]+( +# via .+)?$")


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A checkout whose environment is this one, and whose only pin is a package that no index has."""
    (tmp_path / "requirements.txt").write_text("whetstone-has-no-such-package==1.0\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "PYTHON", sys.executable)
    monkeypatch.setattr(install, "STAMP", tmp_path / "installed.json")
    monkeypatch.setattr(install, "make_venv", lambda: None)
    return tmp_path


def test_an_old_python_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(install, "OLDEST", (99,))
    with pytest.raises(Failed, match="needs Python 3.11 or newer.*PYTHON="):
        install.install([], Steps())


def test_what_is_installed_is_not_installed_again(house, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(install, "pip_install", calls.append)
    install.install(["requirements.txt"], Steps())
    install.install(["requirements.txt"], Steps())
    assert calls == [house / "requirements.txt"]
    (house / "requirements.txt").write_text("whetstone-has-no-such-package==2.0\n")
    install.install(["requirements.txt"], Steps())
    assert len(calls) == 2
    assert "Packages, unchanged" in capsys.readouterr().out


def test_an_install_that_failed_is_not_taken_for_done(house, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(Failed, match=r"could not install requirements.txt.*whetstone-has-no-such-package"):
        install.install(["requirements.txt"], Steps())
    assert not (house / "installed.json").exists()


def test_steps_go_on_counting_after_an_exec(monkeypatch, capsys):
    monkeypatch.setenv("WHETSTONE_STEPS", "2")
    with Steps()("Sharpening"):
        pass
    assert re.fullmatch(r" 3  Sharpening … \d\.\d s\n", capsys.readouterr().out)


def test_a_failed_check_ends_with_what_to_do(capsys):
    failing = check.Check("Spelling", [sys.executable, "-c", "import sys; sys.exit('teh')"], "write it right.")
    with pytest.raises(Problem, match="teh\n\nSpelling failed: write it right."):
        check.run(failing, Steps(), {})
    assert "1  Spelling … failed" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_pins_are_exact_and_name_no_place(root, name):
    lines = (root / name).read_text().splitlines()
    assert [line for line in lines if not PIN.match(line)] == []
    assert not any(line.startswith(("torch==", "nvidia-")) for line in lines)


def test_the_environment_meets_the_pins(root):
    from importlib.metadata import version

    pins = dict(line.split()[0].split("==") for line in (root / "requirements.txt").read_text().splitlines())
    stale = {name: (version(name), pin) for name, pin in pins.items() if version(name) != pin}
    assert not stale, f"run make test, which installs them: {stale}"


def test_the_stamp_is_of_what_was_installed(house, monkeypatch):
    monkeypatch.setattr(install, "pip_install", lambda pins: None)
    install.install(["requirements.txt"], Steps())
    assert list(json.loads((house / "installed.json").read_text())) == ["requirements.txt"]
