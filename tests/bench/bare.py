"""What the same HTTP server does with an application that reads the body and answers 204: ``bare SERVER PORT``."""

import asyncio
import gc
import signal
import sys

from starlette.types import Receive, Scope, Send

from o11y.http.servers import listen, serve


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def main(server: str, port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    await serve(answer, listen("127.0.0.1", port), stop=stop, server=server)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
