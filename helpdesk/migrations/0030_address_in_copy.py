from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0029_words_by_the_statement"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="email",
            field=models.EmailField(blank=True, default="", help_text="Which of their addresses; empty: the first", max_length=254),
            preserve_default=False,
        ),
    ]
