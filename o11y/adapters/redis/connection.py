"""One connection pool to Redis: every call bounded in time, every error a ``MemoryLost``."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from o11y.worker.ports import MemoryLost

_log = logging.getLogger(__name__)
_PIPELINE = 500  # commands sent before their answers are read
_LOST = (RedisConnectionError, RedisTimeoutError, OSError, TimeoutError)

Argument = str | int


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, known to the server by its digest."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", digest)


def script(name: str) -> Script:
    """The script ``lua/<name>.lua`` of this package."""
    return Script((Path(__file__).parent / "lua" / f"{name}.lua").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a script, for a pipeline."""

    keys: Sequence[str]
    arguments: Sequence[Argument]


class RedisConnection:
    """Runs scripts, and gives up quickly.

    A call that finds Redis gone opens the breaker: for ``breaker_s`` every further call raises ``MemoryLost`` at
    once, so that a hanging Redis costs one timeout a tick and not one an alert. A connection dropped under a call is
    retried once, which every script here allows (asked again, it answers the same); a timeout is never retried.
    """

    def __init__(
        self,
        url: str,
        *,
        monotonic: Callable[[], float],
        timeout_s: float = 2.0,
        connect_timeout_s: float = 1.0,
        breaker_s: float = 20.0,
        max_connections: int = 16,
    ) -> None:
        """``url``: redis://, rediss:// or unix://; ``ValueError`` for any other. It is never shown again."""
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=connect_timeout_s,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            decode_responses=True,
            protocol=2,
        )
        self._redis = Redis.from_pool(pool)
        self._monotonic = monotonic
        # waiting for a connection, connecting and answering have a timeout each; together they get one
        self._timeout_s = timeout_s
        self._breaker_s = breaker_s
        self._closed_at = float("-inf")  # when the breaker closes

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The script's answer. Raises ``MemoryLost``."""
        return await self._guarded(lambda: self._evaluate(script, keys, arguments))

    async def run_many(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """The answers in order, a few round trips for all. Raises ``MemoryLost``, and then some may have run."""
        answers: list[Any] = []
        for start in range(0, len(calls), _PIPELINE):
            part = calls[start : start + _PIPELINE]
            answers += await self._guarded(lambda part=part: self._pipelined(script, part))  # type: ignore[misc]
        return answers

    async def get(self, key: str) -> str | None:
        value: str | None = await self._guarded(lambda: self._redis.get(key))
        return value

    async def set(self, key: str, value: str, *, ttl_s: int | None) -> None:
        """``None`` keeps it for ever."""
        await self._guarded(lambda: self._redis.set(key, value, ex=ttl_s))

    async def set_if_absent(self, key: str, value: str, *, ttl_s: int | None = None) -> str:
        """``None`` keeps it for ever; returns what is there now."""
        await self._guarded(lambda: self._redis.set(key, value, nx=True, ex=ttl_s))
        return await self.get(key) or value

    async def replication_id(self) -> str:
        """Another one after each start and each promotion: the last writes may be lost. "" where it is not told."""
        answer: str = await self._guarded(self._ask_replication_id)
        return answer

    async def version(self) -> str:
        """``Valkey 9.1.2``, ``Redis 7.4.1``; "" where it is not told. Raises ``MemoryLost``."""
        answer: str = await self._guarded(self._ask_version)
        return answer

    async def ping(self) -> None:
        """Raises ``MemoryLost`` when Redis does not answer."""
        await self._guarded(lambda: self._redis.ping())

    @property
    def lost(self) -> bool:
        """The breaker is open."""
        return self._monotonic() < self._closed_at

    async def close(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    async def _guarded(self, call: Callable[[], Any]) -> Any:
        if self.lost:
            raise MemoryLost("Redis did not answer a moment ago")
        with self._translated():
            async with asyncio.timeout(self._timeout_s):
                return await call()

    async def _ask_replication_id(self) -> str:
        try:
            return str((await self._redis.info("replication")).get("master_replid", ""))
        except ResponseError:  # not among this user's rights, or not among this server's commands
            return ""

    async def _ask_version(self) -> str:
        try:
            info = await self._redis.info("server")
        except ResponseError:  # as above
            return ""
        for told, name in (("valkey_version", "Valkey"), ("redis_version", "Redis")):
            if told in info:
                return f"{name} {info[told]}"
        return ""

    async def _evaluate(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        try:
            return await _awaited(self._redis.evalsha(script.sha, len(keys), *keys, *arguments))
        except NoScriptError:
            return await _awaited(self._redis.eval(script.text, len(keys), *keys, *arguments))

    async def _pipelined(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        answers = await self._sent_together(script, calls)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            await self._redis.script_load(script.text)
            answers = await self._sent_together(script, calls)
        if error := next((answer for answer in answers if isinstance(answer, Exception)), None):
            raise error
        return answers

    async def _sent_together(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """The answers in order; a refused call's is its error."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.evalsha(script.sha, len(call.keys), *call.keys, *call.arguments)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Names the kind of failure only: the text of a connection error may carry an address."""
        try:
            yield
        except _LOST as error:
            self._closed_at = self._monotonic() + self._breaker_s
            _log.warning("redis lost", extra={"error": type(error).__name__, "breaker_s": self._breaker_s})
            raise MemoryLost(f"Redis does not answer ({type(error).__name__})") from error
        except ResponseError as error:
            raise MemoryLost(f"Redis refused: {error}") from error
        except RedisError as error:
            raise MemoryLost(f"Redis failed ({type(error).__name__})") from error


async def _awaited(answer: Awaitable[Any] | Any) -> Any:
    """redis-py types its commands for both of its clients; ours always gives something to await."""
    return await answer
