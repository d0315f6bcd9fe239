"""The models whose failures may page: a static list, or one fetched from a URL.

A fetched list is good for an hour. The last good one is kept beyond that, in the process and in the cache that
replicas share, and used for as long as no newer one can be had.
"""

import asyncio
import hashlib
import http.client
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from o11y import __version__
from o11y.adapters.detached import detached
from o11y.model_id import normalise_model

log = logging.getLogger(__name__)

FRESH_FOR = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=1)
LARGEST_BODY = 1024 * 1024
#: how long replicas remember the last good list
_KEEP_S = 30 * 86_400


class Cache(Protocol):
    """A small shared memory of texts. It may fail in any way; the list does without it then."""

    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, value: str, *, ttl_s: int) -> None: ...


class FetchFailed(Exception):
    """No usable list came."""


class StaticModels:
    """The ids of the settings; none at all is no list, and every model may page."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._ids = normalised(ids) or None

    async def ids(self, *, now: datetime) -> frozenset[str] | None:
        return self._ids


@dataclass(frozen=True, slots=True)
class Copy:
    """A list and when it was fetched."""

    models: frozenset[str]
    fetched_at: datetime

    def to_json(self) -> str:
        return json.dumps({"fetched_at": self.fetched_at.isoformat(), "models": sorted(self.models)})

    @classmethod
    def from_json(cls, text: str) -> "Copy":
        """Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what ``to_json`` has not written."""
        read = json.loads(text)
        copy = cls(normalised(read["models"]), datetime.fromisoformat(read["fetched_at"]))
        if not copy.models or copy.fetched_at.tzinfo is None:
            raise ValueError("not a copy of a list")
        return copy

    def fresh(self, now: datetime) -> bool:
        return now < self.fetched_at + FRESH_FOR


class FetchedModels:
    """A JSON array of model ids at ``url``; ``timeout_s`` bounds the whole fetch."""

    def __init__(self, url: str, cache: Cache, *, timeout_s: float = 5.0, largest_body: int = LARGEST_BODY) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("recommended models: a URL starting with http:// or https:// is accepted")
        self._url = url
        self._cache = cache
        self._cache_key = f"recommended-models:{hashlib.blake2b(url.encode(), digest_size=8).hexdigest()}"
        self._timeout_s = timeout_s
        self._largest_body = largest_body
        self._fetching = asyncio.Lock()
        self._copy: Copy | None = None
        self._retry_at: datetime | None = None

    async def ids(self, *, now: datetime) -> frozenset[str] | None:
        """The list, at most an hour old while its source answers; None when there never was one. Never raises."""
        async with self._fetching:
            resting = self._retry_at is not None and now < self._retry_at
            if not resting and not (self._copy and self._copy.fresh(now)):
                await self._refresh(now)
            return self._copy.models if self._copy else None

    async def _refresh(self, now: datetime) -> None:
        self._copy = await self._cached() or self._copy
        if self._copy and self._copy.fresh(now):
            return
        try:
            self._copy = Copy(parsed(await self._fetch()), now)
        except FetchFailed as error:
            self._retry_at = now + RETRY_AFTER
            known = len(self._copy.models) if self._copy else None
            log.warning("recommended models not fetched", extra={"error": str(error), "last_good_models": known})
            return
        self._retry_at = None
        await self._share(self._copy)

    async def _fetch(self) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await detached(self._get, name="recommended-models")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchFailed(type(error).__name__) from None

    def _get(self) -> bytes:
        request = urllib.request.Request(  # noqa: S310  http(s) alone, checked when made
            self._url, headers={"Accept": "application/json", "User-Agent": f"o11y/{__version__}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310  as above
                body: bytes = answer.read(self._largest_body + 1)
        except urllib.error.HTTPError as error:
            error.close()
            raise FetchFailed(f"status {error.code}") from None
        if len(body) > self._largest_body:
            raise FetchFailed(f"more than {self._largest_body} bytes")
        return body

    async def _cached(self) -> Copy | None:
        try:
            text = await self._cache.get(self._cache_key)
            return Copy.from_json(text) if text else None
        except Exception as error:  # without the cache each replica fetches for itself
            log.debug("cache of recommended models not read", extra={"error": type(error).__name__})
            return None

    async def _share(self, copy: Copy) -> None:
        try:
            await self._cache.put(self._cache_key, copy.to_json(), ttl_s=_KEEP_S)
        except Exception as error:  # as above
            log.debug("cache of recommended models not written", extra={"error": type(error).__name__})


def parsed(text: str | bytes) -> frozenset[str]:
    """The ids of a JSON array of strings, normalised; raises ``FetchFailed`` for anything else, and for none."""
    try:
        listed: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise FetchFailed("not JSON") from None
    if not isinstance(listed, list) or not all(isinstance(model, str) for model in listed):
        raise FetchFailed("not a JSON array of model ids")
    if not (models := normalised(listed)):
        raise FetchFailed("an empty list")
    return models


def normalised(ids: Iterable[str]) -> frozenset[str]:
    """As events are: the model of each id, without its variant. Blank ids are left out."""
    return frozenset(normalise_model(text)[0] for text in ids if text.strip())
