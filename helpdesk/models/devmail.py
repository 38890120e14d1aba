"""Mail that the embedded product did not send but keeps to be looked at."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class DevMail(models.Model):
    to = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = "mail kept"
        verbose_name_plural = "mail kept"

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
