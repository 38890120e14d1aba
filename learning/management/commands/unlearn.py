"""`manage.py unlearn --customer ADDRESS`: take one customer's outcomes out of everything that was learned."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from helpdesk.models import Customer
from learning import forgetting, measuring, rebuild


class Command(BaseCommand):
    help = "Reverse all that one customer's questions have taught. Their tickets stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--customer", required=True, help="One of their addresses")

    def handle(self, *args: Any, **options: Any) -> None:
        customer = Customer.objects.with_email(options["customer"])
        if customer is None:
            raise CommandError(f"There is no customer with the address {options['customer']!r}.")
        count = forgetting.unlearn(customer, at=timezone.now())
        measuring.measure(timezone.now(), since=measuring.first_day())
        self.stdout.write(f"{count:,} signals of {customer.name} reversed. State {rebuild.state_hash()[:16]}.")
