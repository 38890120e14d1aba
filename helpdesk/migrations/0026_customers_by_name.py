"""Customers by the beginnings of their names and addresses, for the palette."""

from django.db import migrations

INDEX = "CREATE INDEX customer_names ON helpdesk_customer USING gin (helpdesk_names(name || ' ' || coalesce(email, ''), 'A'))"


class Migration(migrations.Migration):
    dependencies = [
        ("helpdesk", "0025_presence_and_notifications"),
    ]

    operations = [migrations.RunSQL(INDEX, "DROP INDEX customer_names")]
