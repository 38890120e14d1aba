"""Bring a database up to date: tables, and the table of the cache. One start of Django for both."""

import os

import django
from django.core.management import call_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable")


if __name__ == "__main__":
    main()
