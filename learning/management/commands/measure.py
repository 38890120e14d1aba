"""`manage.py measure`: the dashboard's figures of every day, worked out anew."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from learning import measuring


class Command(BaseCommand):
    help = "Work out the figures of the dashboard from the first day on: after history was imported, or a customer unlearned."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{measuring.measure(timezone.now(), since=measuring.first_day())} days worked out.")
