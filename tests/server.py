"""The product as its users meet it: web, live, worker and beat as processes, over a database and a Redis of their own."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import cloudpickle
import psycopg

from config import embedded, ports, product
from config.processes import Owner
from tests import hands

SECRET = "only-for-tests-" + "0" * 40


class Server:
    def __init__(self, name: str, database_url: str, models: Path):
        self.folder = Path(tempfile.mkdtemp(prefix=f"{embedded.THROWAWAY}server-"))
        (self.folder / "models").symlink_to(models)
        self.port, self.redis_port = ports.free_row(), ports.free()
        self.database_url = make_database(database_url, f"whetstone_server_{name}")
        self.owner = Owner(self.folder, "the server under test")

    def __enter__(self):
        self.owner.__enter__()
        place = embedded.make_place(self.folder)
        self.start_redis = lambda: embedded.start_redis(self.owner, place, "under-test", port=self.redis_port)
        addresses = embedded.Addresses(self.database_url, self.start_redis())
        self.environ = product.environment(os.environ, addresses, self.folder, self.port, SECRET)
        subprocess.run([sys.executable, "-m", "config.prepare"], cwd=product.ROOT, env=self.environ, check=True)
        self.hands = subprocess.Popen(
            [sys.executable, "-m", "tests.hands"], cwd=product.ROOT, env=self.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in product.NAMES:
            product.start(name, self.owner, self.environ, self.port)
        product.wait_ready(self.port, self.owner)
        return self

    def __exit__(self, *_):
        self.hands.stdin.close()
        self.hands.wait(timeout=10)
        self.owner.__exit__()
        embedded.forget(self.folder)
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def url(self, path: str = "/") -> str:
        return f"http://localhost:{self.port}{path}"

    def do(self, function, *arguments, **keywords):
        """`server.do(make_ticket, subject="Hi")` or `server.do(lambda: …)`: run it on the server's database, return what it returns."""
        cloudpickle.dump((function, arguments, keywords), self.hands.stdin)
        self.hands.stdin.flush()
        worked, result = cloudpickle.load(self.hands.stdout)
        assert worked, f"on the server's database:\n{result}"
        return result

    def sign_in(self, context, *, agent: str = "", customer: str = "") -> None:
        """By e-mail address, without the forms. `context` is Playwright's (`page.context`)."""
        key = self.do(hands.session_of_agent, agent) if agent else self.do(hands.session_of_customer, customer)
        context.add_cookies([{"name": "sessionid", "value": key, "url": self.url()}])

    def stop(self, name: str) -> None:
        self.owner.stop(next(child for child in self.owner.children if child.name == name))

    def kill(self, name: str) -> None:
        """As a power cut would: nobody is asked."""
        child = next(child for child in self.owner.children if child.name == name)
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self.owner.children.remove(child)

    def start(self, name: str) -> None:
        if name == "redis":
            self.start_redis()
        else:
            product.start(name, self.owner, self.environ, self.port)

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")


def make_database(url: str, name: str) -> str:
    base = url.rpartition("/")[0]
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f'drop database if exists "{name}" with (force)')
        db.execute(f'create database "{name}"')
    return f"{base}/{name}"
