"""A process that works on the database of the server under test: `python -m tests.hands` reads calls and writes results.

The test itself cannot: Playwright runs an event loop in its thread, where Django refuses the ORM, and its Django is
configured for another database. Functions arrive by cloudpickle, so a lambda does.
"""

import os
import sys
import traceback
from typing import Any

import cloudpickle


def main() -> None:
    calls, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what is printed must not get between the results
    import django

    django.setup()
    while True:
        try:
            function, arguments, keywords = cloudpickle.load(calls)
        except EOFError:
            return
        cloudpickle.dump(attempt(function, arguments, keywords), results)
        results.flush()


def attempt(function: Any, arguments: Any, keywords: Any) -> tuple[bool, Any]:
    from django.db import connection

    connection.close_if_unusable_or_obsolete()
    try:
        return True, function(*arguments, **keywords)
    except Exception:
        return False, traceback.format_exc()


def session_of_agent(email: str) -> str:
    from django.test import Client

    from helpdesk.models import User

    client = Client()
    client.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies["sessionid"].value


def session_of_customer(email: str) -> str:
    from importlib import import_module

    from django.conf import settings

    from helpdesk.identity import CUSTOMER_KEY
    from helpdesk.models import Customer

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[CUSTOMER_KEY] = Customer.objects.get(email=email).pk
    session.create()
    return session.session_key


if __name__ == "__main__":
    sys.exit(main())
