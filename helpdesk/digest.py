"""What stands in the database in place of a random key or token: whoever reads the table can use none of them."""

import hashlib


def digest(secret: str) -> str:
    """Without a salt: these are long and random, so that no two are alike and none can be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
