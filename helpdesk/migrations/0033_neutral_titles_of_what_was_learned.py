"""What was learned so far has customers' questions for titles, and messages have copies of these."""

from django.db import migrations

NEUTRAL = "An answer from our team"


def neutral(apps, schema_editor):
    apps.get_model("helpdesk", "Source").objects.filter(kind="resolution").update(is_title_private=True)
    messages = apps.get_model("helpdesk", "Message").objects
    learned = set(apps.get_model("helpdesk", "Source").objects.filter(kind="resolution").values_list("pk", flat=True))
    for message in messages.filter(meta__citations__contains=[{"kind": "resolution"}]).iterator(500):
        for cited in message.meta["citations"]:
            cited["title"] = NEUTRAL if cited.get("kind") == "resolution" else cited.get("title")
        message.meta["title"] = message.meta["citations"][0]["title"]
        message.save(update_fields=["meta"])
    for message in messages.filter(meta__kind="clarify", meta__has_key="options").iterator(500):
        if any(option.get("source") in learned for option in message.meta["options"]):
            for option in message.meta["options"]:
                option["title"] = NEUTRAL if option.get("source") in learned else option["title"]
            message.save(update_fields=["meta"])


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0032_private_titles"),
    ]

    operations = [
        migrations.RunPython(neutral, migrations.RunPython.noop),
    ]
