"""The widget: who has it open, and what it fetches."""
