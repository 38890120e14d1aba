from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0031_desk_marks"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="is_title_private",
            field=models.BooleanField(
                default=False, editable=False, help_text="A customer’s own words, that no agent has approved for others to read"
            ),
        ),
    ]
