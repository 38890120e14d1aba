"""Fieldnote itself, as a pretend product of another origin: it carries the widget as any customer's product would, and belongs to the demo only."""

TRY = "What do the coloured dots mean?"
# The same words have another right answer on each of these pages: the article's key.
ANSWERS = {"/permits": "permit-colours", "/settings/webhooks": "webhook-delivery-colours", "/people": "people-colours"}
KEPT_IN = "pretend.json"  # in the data directory, for its owner's eyes: the site's key and secret
