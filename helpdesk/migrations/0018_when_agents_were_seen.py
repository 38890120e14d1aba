from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0017_attachments"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="seen_at",
            field=models.DateTimeField(blank=True, editable=False, help_text="An open screen keeps it fresh", null=True),
        ),
    ]
