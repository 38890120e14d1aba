"""What happens when a part is down, dies half-way, or is fed nonsense."""

import time


def eventually(check, what, seconds=30):
    """For what another process does in its own time: ask until it is true."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} seconds"
        time.sleep(0.05)
    return answer


def quiet(server, number):
    """Every consumer has dealt with what happened in this ticket."""
    eventually(lambda: not server.do(unconsumed, number), "the worker consumes what happened")


def unconsumed(number):
    from helpdesk import events
    from helpdesk.models import Event, EventConsumption

    everything = Event.objects.filter(ticket=number).values_list("pk", "verb")
    done = set(EventConsumption.objects.filter(event__ticket=number).exclude(done_at=None).values_list("event", "consumer"))
    return [
        (pk, each.name)
        for pk, verb in everything
        for each in events.registry.values()
        if verb in each.verbs and (pk, each.name) not in done
    ]
