"""From events to the ledger."""
