"""What can be wrong with a spool file."""


class SpoolUnusable(Exception):
    """The file cannot be opened or read: of a newer version, of another process, not a spool, or a failing disk."""


class SpoolDamaged(Exception):
    """The rows of a batch are not the ones that were written."""
