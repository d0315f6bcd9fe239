"""Time-ordered identifiers (RFC 9562, version 7)."""

import os
from datetime import datetime
from uuid import UUID


def uuid7(now: datetime) -> UUID:
    """48 bits of unix milliseconds, then 74 random ones. No counter: ids of one millisecond are in no order."""
    milliseconds = int(now.timestamp() * 1000)
    noise = int.from_bytes(os.urandom(10), "big")
    high = noise >> 68  # 12 bits
    low = noise & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
