"""`make demo` as a person meets it: started as a process, watched, interrupted."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

from config import embedded, ports

# Without the demo company, whose loading has tests of its own.
EMPTY = "import sys; from config import demo; demo.LOAD = ['-c', '']; sys.exit(demo.main())"
STARTED = "Ctrl-C stops it."


@pytest.fixture
def data_dir(tmp_path, settings):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "models").symlink_to(settings.DATA_DIR / "models")
    yield folder
    embedded.forget(folder)


@pytest.fixture
def demo(data_dir, root):
    port = ports.free_row()
    mine = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "WHETSTONE_SECRET_KEY", "WHETSTONE_LOG_LEVEL"}
    environ = {name: value for name, value in os.environ.items() if name not in mine}
    running = []

    def run():
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", EMPTY],
            cwd=root,
            env={**environ, "DATA_DIR": str(data_dir), "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        process.port = port
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


def read_until(process, words):
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it ended without {words!r}:\n{said}")


def pids(data_dir):
    return [row["pid"] for row in json.loads((data_dir / "run" / "processes.json").read_text())]


def running(pids):
    """Which of them still run once the system has had time to end them. One that only waits to be reaped has ended."""
    known = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    _, alive = psutil.wait_procs([each for each in known if each.is_running()], timeout=10)
    return [each for each in alive if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def family(process):
    return [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]


@pytest.mark.slow
def test_it_serves_and_ctrl_c_stops_all_of_it_and_nothing_else(demo, data_dir):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    first = demo()
    said = read_until(first, STARTED)
    for word in (
        "morgan@fieldnote.example",
        "ines@fieldnote.example",
        "priya@northline-rail.example",
        f"http://localhost:{first.port}/",
        f"http://localhost:{first.port + 2}/",
    ):
        assert word in said
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port}/accounts/login/") as page:
        assert page.status == 200
    with urllib.request.urlopen(f"http://127.0.0.1:{first.port + 2}/permits") as page:
        assert page.status == 200 and b"widget" in page.read()
    everyone = family(first)
    assert len(pids(data_dir)) == 7

    second = demo()
    assert f"process {first.pid}" in second.communicate(timeout=60)[0]
    assert second.returncode == 1

    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=60) == 0
    assert not running(everyone)
    assert not ports.taken(first.port)
    assert bystander.poll() is None
    bystander.kill()

    again = demo()
    started = time.monotonic()
    read_until(again, STARTED)
    assert time.monotonic() - started < 60
    worker = next(pid for pid in pids(data_dir) if "worker" in psutil.Process(pid).cmdline())
    everyone = family(again)
    os.kill(worker, signal.SIGKILL)
    said = again.communicate(timeout=60)[0]
    assert "The worker process stopped" in said
    assert str(data_dir / "logs" / "worker.log") in said
    assert again.returncode == 1
    assert not running(everyone)


def test_a_taken_port_is_named_with_another_to_use(root, data_dir):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        environ = {**os.environ, "PORT": str(port), "DATA_DIR": str(data_dir)}
        answer = subprocess.run([sys.executable, "-m", "config.demo"], cwd=root, env=environ, capture_output=True, text=True)
    assert answer.returncode == 1
    assert f"Port {port} is taken" in answer.stderr
    assert "make demo" in answer.stderr


@pytest.mark.parametrize("port", ["web", "0", "65535", "-1"])
def test_a_port_that_is_none_is_refused(port, root, data_dir):
    environ = {**os.environ, "PORT": port, "DATA_DIR": str(data_dir)}
    answer = subprocess.run([sys.executable, "-m", "config.demo"], cwd=root, env=environ, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "PORT must be a number" in answer.stderr
