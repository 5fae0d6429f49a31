"""Who gets which arm: by a digest of the test and the user, so that nothing has to be remembered.

The same user gets the same arm in every process and after every restart as long as the test runs, and is dealt anew in
the next test. Without a user or session each request is dealt by chance.
"""

import hashlib
import random
from collections.abc import Sequence

_RANGE = 2**64
_chance = random.SystemRandom()


def assign(test: int, user: str, shares: Sequence[float]) -> int:
    """The number of the arm for `user`, whatever names one: a user or a session; empty if nothing is known.

    shares: of the traffic, each arm's, adding up to 1.
    """
    if not user:
        return _arm_at(_chance.random(), shares)
    # "surrogatepass": a name from a request may hold half a character, and still has to get its arm.
    digest = hashlib.sha256(f"{test}\0{user}".encode("utf-8", "surrogatepass")).digest()
    return _arm_at(int.from_bytes(digest[:8], "big") / _RANGE, shares)


def pseudonym(user: str) -> str:
    """What stands for a user in the database: enough to count users by, and not their name."""
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()[:16] if user else ""


def _arm_at(place: float, shares: Sequence[float]) -> int:
    reached = 0.0
    for arm, share in enumerate(shares):
        reached += share
        if place < reached:
            return arm
    return len(shares) - 1  # the shares' sum was rounded to a little less than 1
