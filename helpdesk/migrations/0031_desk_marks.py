import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0030_address_in_copy"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeskMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("desk", models.CharField(max_length=16)),
                ("is_note", models.BooleanField(default=False)),
                ("count", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("ticket", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="helpdesk.ticket")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="desk_mark_at")],
                "constraints": [models.UniqueConstraint(fields=("ticket", "user", "desk", "is_note"), name="one_mark_a_desk")],
            },
        ),
    ]
