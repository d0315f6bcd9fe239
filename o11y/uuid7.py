"""Time-ordered identifiers (RFC 9562, version 7), as text: nothing here ever needs them as anything else."""

import os
import random
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62

#: Unique is enough: an id gives no access to anything. Asking the kernel for each cost more than the rest of it.
_noise = random.Random(os.urandom(64))  # noqa: S311
os.register_at_fork(after_in_child=lambda: _noise.seed(os.urandom(64)))


def uuid7(now: datetime) -> str:
    """48 bits of unix milliseconds, then 74 random ones. No counter: ids of one millisecond are in no order."""
    noise = _noise.getrandbits(74)
    number = (now - _EPOCH) // _MS << 80 | (noise >> 62) << 64 | noise & (1 << 62) - 1 | _VERSION_AND_VARIANT
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
