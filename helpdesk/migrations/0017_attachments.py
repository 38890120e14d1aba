import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import helpdesk.models.attachments


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0016_address_left_in_a_chat"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(default=helpdesk.models.attachments.new_key, editable=False, max_length=32, unique=True)),
                ("file", models.FileField(max_length=120, upload_to=helpdesk.models.attachments.place_of)),
                ("name", models.CharField(max_length=120)),
                ("content_type", models.CharField(help_text="What its first bytes say, not what it claims to be", max_length=40)),
                ("size", models.PositiveBigIntegerField(help_text="In bytes")),
                ("width", models.PositiveIntegerField(blank=True, null=True)),
                ("height", models.PositiveIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="helpdesk.customer"
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="helpdesk.message",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(condition=models.Q(("message", None)), fields=["created_at"], name="attachment_unsent")],
            },
        ),
    ]
