"""The end of a command in words instead of a traceback."""


class CommandError(Exception):
    """Printed to stderr; the command ends with ``code``."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
