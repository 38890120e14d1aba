"""What is left to chance, drawn so that it can be drawn again: who is held out, who tries a new policy first, what is tried on purpose."""

from __future__ import annotations

import hashlib


def drawn(purpose: str, number: int) -> float:
    """Uniform in [0, 1): the same for the same purpose and number, and independent between purposes (SHA-256 taken as random)."""
    digest = hashlib.sha256(f"{purpose}:{number}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


def is_in(share: float, purpose: str, number: int) -> bool:
    """Whether this one is among `share` in [0, 1] of all. Whoever is in a share is in every larger one."""
    return drawn(purpose, number) < share
