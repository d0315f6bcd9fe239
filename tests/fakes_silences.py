"""A ``SilenceStore`` in memory; ``lost`` makes it one whose Redis is away."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from o11y.alerting.silence import Silence, State
from o11y.worker.ports import MemoryLost, TooManySilences


class FakeSilences:
    def __init__(self, *, capacity: int = 1_000) -> None:
        self.kept: dict[str, Silence] = {}
        self.lost = False
        self._capacity = capacity

    async def all(self) -> Sequence[Silence]:
        self._check()
        return list(self.kept.values())

    async def put(self, silence: Silence) -> Silence:
        self._check()
        now = silence.created_at
        if silence.silence_id in self.kept:
            return self.kept[silence.silence_id]
        self.kept = {name: one for name, one in self.kept.items() if one.ended_at > now - timedelta(days=5)}
        if sum(one.ended_at > now for one in self.kept.values()) >= self._capacity:
            raise TooManySilences(f"{self._capacity:,} silences are in force or to come; expire one first")
        return self.kept.setdefault(silence.silence_id, silence)

    async def expire(self, silence_id: str, *, at: datetime, by: str) -> Silence | None:
        self._check()
        silence = self.kept.get(silence_id)
        if silence is None or silence.state(at) is State.EXPIRED:
            return silence
        self.kept[silence_id] = replace(silence, expired_at=at, expired_by=by)
        return self.kept[silence_id]

    def _check(self) -> None:
        if self.lost:
            raise MemoryLost("told to be lost")
