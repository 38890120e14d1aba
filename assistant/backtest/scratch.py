"""A database of the backtest's own, on the same server. The real one is never touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from learning import policies

PREFIX = "backtest_"


def name_of(identity: Mapping[str, Any]) -> str:
    """The same corpus and options have the same database, so that a run that was cut off can go on."""
    return PREFIX + hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()[:16]


def exists(name: str) -> bool:
    with _server() as server:
        return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def create(name: str) -> None:
    """Empty, migrated. It may lose its last moments in a crash of the server: the run goes on from a checkpoint anyway."""
    drop(name)
    with _server() as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        server.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit TO off").format(sql.Identifier(name)))
    enter(name)
    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
    call_command("migrate", verbosity=0, interactive=False)


def enter(name: str) -> None:
    """From here on every query of this process goes to the scratch database."""
    if not name.startswith(PREFIX):
        raise ValueError(f"{name!r} is not a scratch database.")
    connection.close()
    connection.settings_dict["NAME"] = name
    settings.DATABASES["default"]["NAME"] = name
    # The same few statements run a million times: planned once, they cost half.
    connection.settings_dict["OPTIONS"] = {**connection.settings_dict["OPTIONS"], "server_side_binding": True, "prepare_threshold": 3}
    settings.DEBUG = False  # with it Django keeps every query
    policies.forget()


def drop(name: str) -> None:
    if not name.startswith(PREFIX):
        raise ValueError(f"{name!r} is not a scratch database.")
    if connection.settings_dict["NAME"] == name:
        connection.close()
    with _server() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _server() -> psycopg.Connection[Any]:
    """The database `postgres` of the same server: one cannot drop what one is in."""
    parameters = connection.get_connection_params()
    known = {key: parameters[key] for key in ("host", "port", "user", "password") if parameters.get(key)}
    return psycopg.connect(dbname="postgres", autocommit=True, **known)
