"""The live socket, action by action: who may open it, and which tickets they may watch."""

import json

import pytest
from asgiref.sync import sync_to_async

from tests.access.world import make_world
from tests.helpdesk.test_live import Socket

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

# Who           opens it   watching Ada's ticket
TABLE = """
nobody          refused    -
owner           opened     watching
colleague       opened     refused
sharer          opened     watching
stranger        opened     refused
agent           opened     watching
outsider        opened     refused
admin           opened     watching
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()]


@sync_to_async
def scene(who):
    world = make_world()
    world.set_scene(who)
    return world


@pytest.mark.parametrize(("who", "opens", "watches"), ROWS)
async def test_everybody_watches_what_they_may_see(who, opens, watches):
    world = await scene(who)
    socket = Socket(world.sessions[who])
    assert await socket.connect() is (opens == "opened")
    if opens != "opened":
        return
    await socket.say(json.dumps({"watch": world.ticket.pk}))
    assert await socket.hear() == {"kind": watches, "number": world.ticket.pk}
    await sync_to_async(lambda: world.ticket.tag(add=["urgent"], by=world.people["admin"]))()
    if watches == "watching":
        assert (await socket.hear())["number"] == world.ticket.pk
    else:
        assert await socket.receive_nothing()
    await socket.leave()
