"""Celery tasks: two lines, safe to run twice. Only here is the time asked for."""

from celery import shared_task
from django.utils import timezone

from learning import gaps, incidents, maturing, measuring, policies, probation, rollout, watch


@shared_task
def mature() -> None:
    maturing.mature(timezone.now())
    maturing.let_go(timezone.now())


@shared_task
def judge_learned_answers() -> None:
    probation.judge(timezone.now())


@shared_task
def refit() -> None:
    watch.take_back_if_harmful(timezone.now())
    rollout.step(timezone.now())
    policies.refit_if_due(timezone.now())


@shared_task
def close_quiet_incidents() -> None:
    incidents.close_quiet(timezone.now())


@shared_task
def measure() -> None:
    measuring.measure(timezone.now())


@shared_task
def find_gaps() -> None:
    gaps.find(timezone.now())
