"""Celery tasks: two lines, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from assistant.models import Rewriting


@shared_task
def rewrite(pk: int) -> None:
    Rewriting.objects.get(pk=pk).work(at=timezone.now())
