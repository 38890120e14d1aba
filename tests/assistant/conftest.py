from contextlib import contextmanager

import pytest

HELP = {
    "Let somebody sign without an account": "A guest can sign one permit without an account and without a seat.\n\n1. Open the permit.\n"
    "2. Choose **Signatures > Add a guest**.\n3. Enter the mobile number. The link works for 24 hours.",
    "Work without a connection": "Inspections, photos and signatures are kept on the phone while there is no connection. They are sent at the next sync.",
    "Photos appear sideways in a report": "Turn the photo in the app: open it, choose **Rotate**, then make the report again.",
    "Export inspections to Excel": "Open **Reports > Export**, choose a period and **Excel**. The file is ready in a minute.",
    "Change the date format": "An admin sets **Settings > Company > Formats > Date** for everybody.",
}


@pytest.fixture
def happening(django_capture_on_commit_callbacks):
    """Within it, what follows from a commit follows at once."""

    from helpdesk.events import inline

    @contextmanager
    def happening():
        with inline(), django_capture_on_commit_callbacks(execute=True):
            yield

    return happening


@pytest.fixture
def help_centre(db, happening):
    from tests.factories import make_article, make_category

    with happening():
        normal, strict = make_category("Using it"), make_category("Billing", risk="strict")
        articles = {title: make_article(title, body, category=normal) for title, body in HELP.items()}
        invoice = "Open **Billing > Invoices** and choose **PDF** beside the month."
        articles["invoices"] = make_article("Download an invoice", invoice, category=strict)
    return articles
