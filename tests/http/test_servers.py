"""What every connection is made with, whichever server answers on it."""

import socket
from contextlib import closing

from o11y.http.servers import listen


def test_an_answer_is_sent_at_once_and_not_held_back_for_an_acknowledgement() -> None:
    with closing(listen("127.0.0.1", 0)) as listener:
        listener.setblocking(True)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
