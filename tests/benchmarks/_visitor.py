"""A widget without a browser: it asks, follows its conversation over the socket, looks over HTTP when the socket is gone, and sends again what was not heard."""

import asyncio
import contextlib
import itertools
import json
import random
import time

import aiohttp

FIRST, LONGEST = 0.5, 8.0  # seconds, as in static/js/widget
LOST, SLOWER, SLOWEST = 20.0, 1.5, 60.0  # likewise: between two looks once the line is lost
FAULTS = (aiohttp.ClientError, OSError, asyncio.TimeoutError)


class Visitor:
    def __init__(self, session, port, site, identity):
        self.session, self.port, self.site, self.identity = session, port, site, identity
        self.token, self.number, self.known = "", 0, 0
        self.shown = {}  # by seq: when it was first shown
        self.is_open, self.asleep = False, False
        self._ids = itertools.count()

    async def call(self, method, path, data=None):
        for is_last in (False, True):
            headers = {"Authorization": f"Visit {self.token}"} if self.token else {}
            timeout = aiohttp.ClientTimeout(total=10)
            async with self.session.request(
                method, f"http://localhost:{self.port}/widget/{path}", json=data, headers=headers, timeout=timeout
            ) as answer:
                if answer.status == 401 and not is_last:
                    await self.begin()
                    continue
                if answer.status >= 500:
                    raise aiohttp.ClientError(f"{answer.status}")
                told = await answer.json(content_type=None) if answer.status != 204 else {}
                assert answer.status < 400, told
                return told
        return None

    async def begin(self):
        self.token = ""
        self.token = (await self.call("POST", "visits/", {"site": self.site, "identity": self.identity}))["token"]

    async def say(self, text):
        """Until it is heard; the same words with the same id are said once."""
        key = f"{self.identity[-12:]}-{next(self._ids)}"
        for attempt in itertools.count():
            try:
                path = f"conversations/{self.number}/messages/" if self.number else "conversations/"
                told = await self.call("POST", path, {"text": text, "client_msg_id": key})
                self.number = told["number"]
                self.show(told)
                if told["last"] > self.known:
                    await self.look()
                return key
            except FAULTS:
                await asyncio.sleep(random.uniform(0, min(LONGEST, FIRST * 2**attempt)))
        return None

    def show(self, told):
        for message in told["messages"]:
            if message["seq"] not in self.shown:
                self.shown[message["seq"]] = time.perf_counter()
        if told["after"] <= self.known:  # else something between has not come yet: the next look finds it
            self.known = max(self.known, told["last"])

    async def look(self):
        if self.number:
            self.show(await self.call("GET", f"conversations/{self.number}/?after={self.known}"))

    async def follow(self):
        """For ever, with full jitter between two lines."""
        attempt = 0
        while True:
            try:
                async with self.session.ws_connect(
                    f"http://localhost:{self.port + 1}/ws/widget/", headers={"Origin": f"http://localhost:{self.port}"}
                ) as line:
                    await line.send_json({"visit": self.token, "watch": self.number, "after": self.known})
                    async for frame in line:
                        if frame.type is not aiohttp.WSMsgType.TEXT:
                            break
                        while self.asleep:  # a reader that does not read
                            await asyncio.sleep(0.2)
                        told = json.loads(frame.data)
                        if told["kind"] == "welcome":
                            attempt, self.is_open = 0, True
                        elif told["kind"] == "conversation":
                            self.show(told)
                        if told["kind"] == "behind" or told.get("after", 0) > self.known:
                            await self.look()
            except FAULTS:
                pass
            self.is_open = False
            attempt += 1
            await asyncio.sleep(random.uniform(0, min(LONGEST, FIRST * 2**attempt)))

    async def poll(self):
        """Only while there is no line, ever more slowly, as the frame does."""
        looked = 0
        while True:
            await asyncio.sleep(min(SLOWEST, LOST * SLOWER**looked) * random.uniform(0.5, 1.5))
            looked = 0 if self.is_open else looked + 1
            if not self.is_open:
                with contextlib.suppress(FAULTS):
                    await self.look()
