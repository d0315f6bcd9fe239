"""Paces that wait for nobody."""

from o11y.adapters.slack.pace import Pace


class Timeline:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, interval_s: float = 1.0) -> Pace:
        return Pace(interval_s, monotonic=lambda: self.now, sleep=self.sleep)
