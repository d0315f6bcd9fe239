"""How the C library keeps freed memory, set for a process that frees buffers of megabytes many times a minute."""

import ctypes

#: parameters of glibc's mallopt(3)
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8

BIG_BLOCK_BYTES = 1024 * 1024
ARENAS = 2


def give_big_blocks_back() -> bool:
    """Whether the C library could be told: glibc can.

    By itself it raises the size from which a block goes back to the system at once to that of the biggest block freed
    so far, and then keeps batches of 30 MB on its heaps: twice the memory of an ingest worker at rest.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, BIG_BLOCK_BYTES)) and bool(mallopt(_ARENA_MAX, ARENAS))
