"""`manage.py relearn`: build what was learned anew from the ledger, and say whether that changed anything."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from learning import policies, rebuild
from learning.models import Signal


class Command(BaseCommand):
    help = "Forget every episode and work the ledger through again. The state must come out as it was; where it does not, the policy is fitted anew too."

    def handle(self, *args: Any, **options: Any) -> None:
        before = rebuild.state_hash()
        total = Signal.objects.in_force().values("decision").distinct().count()
        done = 0
        for done in rebuild.relearn():
            if done % 500 == 0:
                self.stderr.write(f"{done:,} of {total:,} decisions")
        after = rebuild.state_hash()
        if after != before:
            policies.refit(timezone.now(), afresh=True)
        self.stdout.write(f"{done:,} decisions settled. State {after[:16]}, {'as before' if after == before else f'was {before[:16]}'}.")
