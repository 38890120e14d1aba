"""How fast one conversation reaches many: `make bench NAME=fanout`. 200 sockets follow it; ours with every message in PostgreSQL first, the peer is the
chat consumer of the Channels tutorial on Daphne, which keeps nothing. In turn, in one run, over loopback, both with the same Redis layer.

Then a customer writes twenty times a second in different chats, and how long until the hint of it is at an agent's socket.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from config import ports
from config.processes import wait_until
from tests import hands
from tests.benchmarks import _harness as harness
from tests.benchmarks._visitor import Visitor
from tests.benchmarks.chats import furnish
from tests.server import Server

SOCKETS, MESSAGES = int(os.environ.get("SOCKETS", 200)), 40
STEADY = 5  # messages a second to all of them, for how long one takes; as fast as they can be said, for how many arrive
RATE, SECONDS = 20, 10  # messages a second, and for how long
HERE = Path(__file__).parent


def reply_often(agent, number, count, rate):
    """(seq, when it was begun) of each; the clock is the machine's, so that other processes can compare."""
    from helpdesk.models import Ticket, User

    ines, told = User.objects.get(pk=agent), []
    for each in range(count):
        begun = time.monotonic()
        told.append((Ticket.objects.get(pk=number).reply(f"Answer {each}", by=ines).seq, begun))
        time.sleep(max(0, 1 / rate - (time.monotonic() - begun)) if rate else 0)
    return told


def session_of(agent):
    from helpdesk.models import User

    return hands.session_of_agent(User.objects.get(pk=agent).email)


class Listener:
    """A socket that notes when it hears of each message."""

    def __init__(self):
        self.at, self.is_ready = {}, False

    async def follow(self, session, url, origin, first, read):
        async with session.ws_connect(url, headers={"Origin": origin, **first.get("headers", {})}) as line:
            for frame in first["say"]:
                await line.send_json(frame)
            self.is_ready = not first["say"]
            async for frame in line:
                self.is_ready = self.is_ready or frame.json().get("kind") == "conversation"
                for key in read(frame.json()):
                    self.at.setdefault(key, time.monotonic())


async def all_there(listeners, patience=60):
    """Nobody is still being let in: what is measured is what reaches them."""
    deadline = time.monotonic() + patience
    while not all(each.is_ready for each in listeners):
        assert time.monotonic() < deadline, "not every socket was let in"
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)


async def all_heard(listeners, keys, patience=30):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(keys - listener.at.keys() for listener in listeners):
        await asyncio.sleep(0.01)


def figures(listeners, told):
    """(deliveries a second, milliseconds of each, how many did not arrive)"""
    begun = dict(told)
    heard = [(listener.at[key], key) for listener in listeners for key in begun if key in listener.at]
    taken = [(at - begun[key]) * 1000 for at, key in heard]
    span = max(at for at, _ in heard) - min(begun.values())
    return len(heard) / span, taken, len(listeners) * len(begun) - len(heard)


async def ours(server, session, visitor, agent, rate):
    listeners = [Listener() for _ in range(SOCKETS)]
    origin, url = f"http://localhost:{server.port}", f"http://localhost:{server.port + 1}/ws/widget/"
    first = {"say": [{"visit": visitor.token}, {"watch": visitor.number, "after": visitor.known}]}
    read = lambda told: [message["seq"] for message in told.get("messages", ())]  # noqa: E731
    tasks = [asyncio.create_task(each.follow(session, url, origin, first, read)) for each in listeners]
    await all_there(listeners)
    told = await asyncio.to_thread(server.do, reply_often, agent, visitor.number, MESSAGES, rate)
    await all_heard(listeners, {seq for seq, _ in told})
    for task in tasks:
        task.cancel()
    return figures(listeners, told)


async def peer(session, port, rate):
    listeners = [Listener() for _ in range(SOCKETS)]
    url, origin = f"http://127.0.0.1:{port}/ws/chat/bench/", f"http://127.0.0.1:{port}"
    read = lambda told: [told["message"]]  # noqa: E731
    tasks = [asyncio.create_task(each.follow(session, url, origin, {"say": []}, read)) for each in listeners]
    await all_there(listeners)
    told = []
    async with session.ws_connect(url, headers={"Origin": origin}) as line:
        for each in range(MESSAGES):
            told.append((f"Answer {rate} {each}", time.monotonic()))
            await line.send_json({"message": f"Answer {rate} {each}"})
            await asyncio.sleep(1 / rate if rate else 0)
        await all_heard(listeners, {key for key, _ in told})
    for task in tasks:
        task.cancel()
    return figures(listeners, told)


async def to_an_agent(server, session, visitors, agent):
    """Customer to agent: from the customer's request to the hint at the agent's socket."""
    listener, said = Listener(), []
    key = await asyncio.to_thread(server.do, session_of, agent)
    heard = []
    url, origin = f"http://localhost:{server.port + 1}/ws/live/", f"http://localhost:{server.port}"

    def read(told):
        heard.append((told.get("number"), time.monotonic()))
        return []

    first = {"say": [], "headers": {"Cookie": f"sessionid={key}"}}
    task = asyncio.create_task(listener.follow(session, url, origin, first, read))
    await asyncio.sleep(2)

    async def one(visitor):
        begun = time.monotonic()
        await visitor.say("And one more thing.")
        said.append((visitor.number, begun))

    waiting = []
    for each in range(RATE * SECONDS):
        waiting.append(asyncio.create_task(one(visitors[each % len(visitors)])))
        await asyncio.sleep(1 / RATE)
    await asyncio.gather(*waiting)
    await asyncio.sleep(2)
    task.cancel()
    return [(next((at for who, at in heard if who == number and at >= begun), begun + 30) - begun) * 1000 for number, begun in said]


async def run(server, port):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        key, signed, agent = server.do(furnish, RATE * SECONDS)
        visitors = [Visitor(session, server.port, key, identity) for identity in signed]
        for visitor in visitors:
            await visitor.begin()
            await visitor.say("How do I invite a guest?")
        speed, taken, lost = {"ours": [], "peer": []}, {"ours": [], "peer": []}, 0
        for _ in range(harness.ROUNDS):
            for rate in (0, STEADY):
                for who, (persecond, times, missing) in {
                    "ours": await ours(server, session, visitors[0], agent, rate),
                    "peer": await peer(session, port, rate),
                }.items():
                    (taken if rate else speed)[who].append(times if rate else persecond)
                    lost += missing if who == "ours" else 0
        waits = await to_an_agent(server, session, visitors, agent)
    fast = {who: statistics.median(rounds) for who, rounds in speed.items()}
    p99 = {who: harness.over_rounds(rounds, 0.99) for who, rounds in taken.items()}
    name = "the Channels tutorial's consumer on Daphne, nothing kept"
    return [
        harness.row(
            f"deliveries to {SOCKETS} sockets",
            fast["ours"],
            goal=round(fast["peer"], 2),
            peer=fast["peer"],
            peer_name=name,
            unit="/s",
            better="higher",
        ),
        harness.row(f"message to socket at {STEADY}/s, p99", p99["ours"], goal=round(p99["peer"], 2), peer=p99["peer"], peer_name=name),
        {**harness.row("deliveries missing", lost, unit=""), "goal": 0},
        harness.row("customer to agent, p50", harness.percentile(waits, 0.5)),
        harness.row(f"customer to agent at {RATE}/s, p99", harness.percentile(waits, 0.99), goal=150),
    ]


def daphne(folder, redis_url):
    """The peer in an environment of its own."""
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "_daphne.txt")], check=True)
    port = ports.free()
    command = [str(python), "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port), "_tutorial:application"]
    process = subprocess.Popen(command, cwd=HERE, env={**os.environ, "TUTORIAL_REDIS": redis_url})
    wait_until(lambda: ports.taken(port), what="Daphne", seconds=60)
    return process, port


def measure():
    models = Path(os.environ.get("DATA_DIR") or HERE.parents[1] / ".data") / "models"
    with tempfile.TemporaryDirectory(prefix="whetstone-peer-") as folder, Server("fanout", os.environ["DATABASE_URL"], models) as server:
        process, port = daphne(Path(folder), server.environ["REDIS_URL"])
        try:
            return asyncio.run(run(server, port))
        finally:
            process.terminate()
            process.wait()


def main():
    return harness.report("fanout", measure(), sockets=SOCKETS)


if __name__ == "__main__":
    raise SystemExit(main())
