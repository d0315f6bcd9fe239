"""What strangers may use up: a server knows who is posting only when it has read what they sent."""

import resource
from dataclasses import dataclass, replace
from typing import Self

#: connections that wait to be accepted
BACKLOG = 2048
#: file descriptors that connections leave to the stores, to Slack, and to whatever else pages somebody
RESERVED_DESCRIPTORS = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on connections. Those on bodies are the door's."""

    #: open at once; one more is closed at once, so that the rest of the process keeps its file descriptors
    connections: int = 4096
    #: from the connection or the last answer until the head of a request is complete, however its bytes drip
    head_s: float = 5.0
    #: of a head, of trailers, or of anything else that is neither a complete head nor part of a body
    head_bytes: int = 16 * 1024
    #: how long a peer may leave an answer unread that fills the buffers (Linux)
    unread_s: float = 30.0

    def __post_init__(self) -> None:
        if self.connections < 1 or self.head_s <= 0 or self.head_bytes < 1024 or self.unread_s <= 0:
            raise ValueError("at least one connection and 1024 bytes, and times above 0")

    def within_descriptors(self) -> Self:
        """With no more connections than the process has file descriptors for; its soft limit is raised if need be."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self.connections + RESERVED_DESCRIPTORS
        if soft != resource.RLIM_INFINITY and soft < wanted:
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return self
        return replace(self, connections=max(1, soft - RESERVED_DESCRIPTORS))
