"""Chats under faults: `make bench NAME=chats`. 200 conversations over the running product while Redis is stopped, emptied and restarted and its
processes are killed; 1,000 sockets that come back at once; a reader that does not read. CHATS and SOCKETS in the environment make it smaller.

Every message is counted in PostgreSQL at the end: none lost, none said twice, all shown. Times are as the visitors meet them, over loopback, with
everything on one machine.
"""

import asyncio
import os
import random
import socket
import time
from pathlib import Path

import aiohttp
import psutil

from config import product
from config.processes import wait_until
from tests.benchmarks import _harness as harness
from tests.benchmarks._visitor import Visitor
from tests.server import Server

CHATS, SOCKETS = int(os.environ.get("CHATS", 200)), int(os.environ.get("SOCKETS", 1_000))
FLOOD = 10_000  # frames for the reader that does not read
PATIENCE = 60.0  # seconds until something counts as lost
PACE = 10.0  # seconds within which everybody says something: with 200 chats twenty messages a second
SEED = 4


def furnish(count):
    """A site, and the identities that its server would sign; an agent."""
    import datetime as dt

    import jwt
    from django.utils import timezone

    from helpdesk.models import Site, SiteSettings
    from tests.factories import make_user

    settings = SiteSettings.load()
    settings.assistant_enabled = False  # people answer: what is measured is the line
    settings.save()
    site = Site.objects.create(name="Bench", origins=["http://localhost"])
    until = int((timezone.now() + dt.timedelta(hours=2)).timestamp())
    signed = [jwt.encode({"sub": f"v-{each}", "exp": until}, site.secret, algorithm="HS256") for each in range(count)]
    return site.key, signed, make_user("Ines Carvalho").pk


def reply_to_all(agent, numbers, text):
    from helpdesk.models import Ticket, User

    ines = User.objects.get(pk=agent)
    for ticket in Ticket.objects.filter(pk__in=numbers).order_by("pk"):
        ticket.reply(text, by=ines)


def hint_often(number, count):
    """What a busy conversation is for a socket: hints, faster than a reader that sleeps takes them."""
    from helpdesk import live

    for each in range(count):
        live.hint(live.ticket_group(number), {"kind": "stream", "number": number, "text": f"{each} " + "x" * 1_500})
        if each % 200 == 0:
            time.sleep(0.05)


def written(numbers):
    """By conversation: seqs that its customer may see, and how often each of their own ids was said."""
    from helpdesk.models import Message

    found = {number: ([], []) for number in numbers}
    for number, seq, key in Message.objects.public().filter(ticket__in=numbers).values_list("ticket_id", "seq", "client_msg_id"):
        found[number][0].append(seq)
        if key:
            found[number][1].append(key)
    return found


class Bench:
    def __init__(self, server, session, agent, visitors):
        self.server, self.session, self.agent, self.visitors = server, session, agent, visitors
        self.said = {visitor: [] for visitor in visitors}
        self.rows = []

    async def do(self, function, *arguments):
        return await asyncio.to_thread(self.server.do, function, *arguments)

    async def everybody(self, action):
        return await asyncio.gather(*map(action, self.visitors))

    async def say(self, text):
        async def one(visitor):
            await asyncio.sleep(random.uniform(0, PACE))
            self.said[visitor].append(await visitor.say(text))

        await self.everybody(one)

    async def reply(self, text):
        await self.do(reply_to_all, self.agent, [visitor.number for visitor in self.visitors], text)

    async def caught_up(self):
        """Seconds until everybody has been shown all that there is."""
        started = time.perf_counter()
        there = await self.do(written, [visitor.number for visitor in self.visitors])
        while any(set(there[visitor.number][0]) - visitor.shown.keys() for visitor in self.visitors):
            if time.perf_counter() - started > PATIENCE:
                break
            await asyncio.sleep(0.05)
        return time.perf_counter() - started

    async def fault(self, name, break_it, mend_it=None):
        """Everybody goes on talking while it is broken. The clock starts when it is whole again and nobody has anything more to say."""
        await asyncio.to_thread(break_it)
        talking = asyncio.create_task(self.say(f"Said while {name}."))
        if mend_it is not None:
            await self.reply(f"Answered while {name}.")
            await asyncio.sleep(3)
            await asyncio.to_thread(mend_it)
            await asyncio.to_thread(_wait_ready, self.server)
        await talking
        await self.reply(f"Answered after {name}.")
        took = await self.caught_up()
        self.rows.append(harness.row(f"{name}: catch-up", took, goal=5, unit="s"))
        print(f"  {name}: {took:.1f} s", flush=True)

    async def faults(self):
        from redis import Redis

        server = self.server
        flush = lambda: Redis.from_url(server.environ["REDIS_URL"]).flushall()  # noqa: E731
        await self.say("How do I invite a guest?")
        await self.everybody(lambda visitor: _start(visitor))
        await self.reply("Choose **Add a guest**.")
        self.rows.append(harness.row("catch-up, nothing broken", await self.caught_up(), goal=5, unit="s"))
        await self.fault("Redis was stopped", lambda: server.stop("redis"), lambda: server.start("redis"))
        await self.fault("Redis was emptied", flush)
        await self.fault("Redis was restarted", lambda: (server.stop("redis"), server.start("redis")))
        await self.fault("the web process was killed", lambda: server.kill("web"), lambda: server.start("web"))
        await self.fault("the live process was killed", lambda: server.kill("live"), lambda: server.start("live"))
        there = await self.do(written, [visitor.number for visitor in self.visitors])
        lost = sum(len(set(self.said[visitor]) - set(there[visitor.number][1])) for visitor in self.visitors)
        doubled = sum(len(keys) - len(set(keys)) for _, keys in there.values())
        unseen = sum(len(set(there[visitor.number][0]) - visitor.shown.keys()) for visitor in self.visitors)
        total = sum(len(seqs) for seqs, _ in there.values())
        for metric, value in (("messages lost", lost), ("messages said twice", doubled), ("messages not shown", unseen)):
            self.rows.append({**harness.row(f"{metric}, of {total}", value, unit=""), "goal": 0})
        await self.reply("And one more.")
        self.rows.append(harness.row("catch-up at the end", await self.caught_up(), goal=5, unit="s"))


async def _start(visitor):
    visitor.tasks = [asyncio.create_task(visitor.follow()), asyncio.create_task(visitor.poll())]
    for task in visitor.tasks:
        task.add_done_callback(lambda done: done.cancelled() or done.result())  # one that breaks is heard of


def _wait_ready(server):
    """Both doors answer: what is measured is finding back, and not how long a process takes to start."""
    for port in (server.port, server.port + 1):
        wait_until(lambda port=port: product.ask(f"http://127.0.0.1:{port}/healthz")[0] == 200, what="Whetstone", seconds=180)


def _wait_open(port):
    """The door opens, whoever waits before it: the first of many may be let in before anybody else could ask how it does."""
    wait_until(lambda: _answers(port), what="Whetstone", seconds=180)


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def live_process(server):
    (child,) = [each for each in server.owner.children if each.name == "live"]
    parent = psutil.Process(child.process.pid)
    return [parent, *parent.children(recursive=True)]


def memory(server):
    return sum(each.memory_info().rss for each in live_process(server)) / 2**20


async def storm(bench, server, sockets):
    """The live process dies with every socket; how long until each is back and knows what was said meanwhile."""
    visitors = [bench.visitors[each % len(bench.visitors)] for each in range(sockets)]
    lines = [Visitor(bench.session, server.port, each.site, each.identity) for each in visitors]
    for line, visitor in zip(lines, visitors, strict=True):
        line.token, line.number, line.known = visitor.token, visitor.number, visitor.known
        await _start(line)
    await _until(lambda: all(line.is_open for line in lines))
    await asyncio.to_thread(server.kill, "live")
    await bench.reply("Said while nobody had a line.")
    await asyncio.to_thread(server.start, "live")
    await asyncio.to_thread(_wait_open, server.port + 1)
    started, back = time.perf_counter(), {}

    def all_back():
        for place, line in enumerate(lines):
            if place not in back and line.is_open and line.shown:
                back[place] = time.perf_counter() - started
        return len(back) == len(lines)

    await _until(all_back)
    for task in (task for line in lines for task in line.tasks):
        task.cancel()
    return list(back.values()) + [PATIENCE] * (len(lines) - len(back))


async def slow_reader(bench, server):
    visitor = bench.visitors[0]
    await _until(lambda: visitor.is_open)
    before = memory(server)
    visitor.asleep = True
    await bench.do(hint_often, visitor.number, FLOOD)
    await asyncio.sleep(5)
    grown = memory(server) - before
    visitor.asleep = False
    await bench.reply("After the flood.")
    return grown, await bench.caught_up()


async def _until(holds):
    deadline = time.perf_counter() + PATIENCE
    while not holds() and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)


async def run(server):
    random.seed(SEED)
    key, signed, agent = server.do(furnish, CHATS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        visitors = [Visitor(session, server.port, key, identity) for identity in signed]
        for visitor in visitors:
            await visitor.begin()
        bench = Bench(server, session, agent, visitors)
        await bench.faults()
        grown, caught = await slow_reader(bench, server)
        bench.rows += [
            harness.row(f"memory, {FLOOD:,} frames not read", grown, goal=32, unit="MiB"),
            harness.row("the sleeper has caught up", caught, goal=5, unit="s"),
        ]
        times = await storm(bench, server, SOCKETS)
        bench.rows.append(harness.row(f"{SOCKETS:,} sockets back, p99", harness.percentile(times, 0.99), goal=10, unit="s"))
        for visitor in visitors:
            for task in visitor.tasks:
                task.cancel()
    return bench.rows


def measure():
    models = Path(os.environ.get("DATA_DIR") or Path(__file__).parents[2] / ".data") / "models"
    with Server("bench", os.environ["DATABASE_URL"], models) as server:
        return asyncio.run(run(server))


def main():
    return harness.report("chats", measure(), seed=SEED, chats=CHATS)


if __name__ == "__main__":
    raise SystemExit(main())
