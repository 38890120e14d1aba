"""Finding tickets: what an agent types (`grammar`), what it means here (`meaning`), the rows (`results`), and why each was found (`excerpts`)."""
