"""How long pages of the dashboard take at 10,000 dimensions, over HTTP, beside /healthz of the same process.

The real program over a store of thirty days, with one provider failing and a month of incidents. Each page is asked for
by one browser, and by eight at once, which is what the limit is for: 200 ms. Charts fetch their numbers after the page
is there, and raw events theirs: both have a limit of two seconds of their own, and stand below the pages. Bytes are of
the page itself.
"""

import http.client
import json
import re
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.measure import Stopwatch, options, percentile, print_table
from tests.bench.program import command, free_port, running
from tests.bench.web_store import filled

TOKEN = "a-token-of-the-measurement"
LIMIT_MS = 200
_HERE = "/d/web/mistral/vendor-0%2Fmodel-0"
PAGES = (
    "/",
    "/?page=100",
    "/?sort=p90",
    "/?model=model-4&severity=over",
    "/?severity=firing",
    _HERE,
    f"{_HERE}?range=30d",
    "/d/*/mistral/*?range=24h",
    "/alerts",
    "/alerts?client=web&objective=error-rate&transition=acknowledged",
    "/budgets",
    "/budgets?page=40",
    "/budgets?provider=mistral&objective=error-rate",
    "/objectives",
    "/objectives/edit?objective=error-rate&model=vendor-0/model-0",
    "/status",
)
CHARTS = ("requests", "latency", "burn-page", "budget")
RANGES = ("1h", "24h", "7d", "30d")
SETTLED_WITHIN_S = 120


class Browser:
    """A connection that is kept, signed in."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = ""
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/sign-in")[1])
        if csrf is None:
            raise RuntimeError("no form to sign in with")
        self.get("/sign-in", form={"token": TOKEN, "csrf": csrf[1]})

    def get(self, path: str, *, form: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"cookie": self._cookie, "accept": "text/html", "content-type": "application/x-www-form-urlencoded"}
        body = None if form is None else urlencode(form)
        try:
            reply = self._ask("GET" if form is None else "POST", path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError):  # it was idle for too long
            self._connection.close()
            reply = self._ask("GET" if form is None else "POST", path, body, headers)
        text = reply.read().decode()
        cookies = [value.partition(";")[0] for name, value in reply.getheaders() if name.lower() == "set-cookie"]
        if cookies:
            self._cookie = "; ".join(cookie for cookie in cookies if not cookie.endswith("="))
        return reply.status, text

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()

    def timed(self, path: str, rounds: int) -> list[float]:
        """In ms. Raises where the page is not there."""
        found = []
        for _ in range(rounds):
            with Stopwatch() as watch:
                status, text = self.get(path)
            if status != 200:
                raise RuntimeError(f"{path}: status {status}: {text[-300:]}")
            found.append(watch.ms)
        return found


def main() -> None:
    chosen = options(__doc__, rounds=40, longer="10,000 dimensions and 20 million events", shorter="2,000 dimensions")
    dimensions, events = (2_000, 200_000) if chosen.short else (10_000, 1_000_000)
    if chosen.long:
        events = 20_000_000
    rounds = 5 if chosen.short else chosen.rounds
    with tempfile.TemporaryDirectory(prefix="o11y-web-") as folder:
        filled(Path(folder), dimensions=dimensions, events=events)
        settings = {
            "O11Y_DATA_DIR": folder,
            "O11Y_PORT": str(port := free_port()),
            "O11Y_ADMIN_TOKENS": json.dumps({"ann": {"token": TOKEN, "role": "viewer"}}),
            "O11Y_CLIENT_SECRETS": json.dumps({"web": ["a-secret-of-the-measurement"]}),
        }
        with running([*command(), "serve"], port=port, ready="/healthz", environment=settings):
            measure(port, rounds, what=f"{dimensions:,} dimensions, {events:,} events")


def measure(port: int, rounds: int, *, what: str) -> None:
    browsers = [Browser(port) for _ in range(8)]
    with Stopwatch() as first:
        browsers[0].get("/")
    settle(browsers[0])
    rows = [row("/healthz", browsers, rounds), *(row(path, browsers, rounds) for path in PAGES)]
    head = ("page", "median", "p95", "8 at once: median", "p95", "kB")
    print_table(f"ms a page, {what}; limit {LIMIT_MS}", head, rows)
    print(f"the very first look, which makes the snapshot: {first.ms:,.0f} ms")
    parts = [f"{_HERE}/chart/{chart}?range={name}" for name in RANGES for chart in CHARTS]
    late = [
        (path, *fresh(browsers[0], path)) for path in [*parts, f"{_HERE}/bad?range=24h", "/d/*/mistral/*/bad?range=1h"]
    ]
    print_table("ms of what comes after the page, asked for the first time; limit 2,000", ("path", "ms", "kB"), late)


def settle(browser: Browser) -> None:
    """Until the budgets are there, which are counted in the background, of both pages."""
    browser.get("/budgets")
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while "which is being computed" in browser.get("/")[1] and time.monotonic() < deadline:
        time.sleep(1)  # how often to ask; nothing is synchronised by it


def row(path: str, browsers: Sequence[Browser], rounds: int) -> tuple[str, ...]:
    alone = sorted(browsers[0].timed(path, rounds))
    each = max(1, rounds // 4)
    with ThreadPoolExecutor(len(browsers)) as pool:
        together = sorted(ms for found in pool.map(lambda browser: browser.timed(path, each), browsers) for ms in found)
    size = len(browsers[0].get(path)[1].encode()) / 1000
    times = (percentile(alone, 0.5), percentile(alone, 0.95), percentile(together, 0.5), percentile(together, 0.95))
    return (path, *(f"{ms:.1f}" for ms in times), f"{size:.0f}")


def fresh(browser: Browser, path: str) -> tuple[str, str]:
    with Stopwatch() as watch:
        status, text = browser.get(path)
    return (
        f"{watch.ms:.0f}" if status == 200 else f"{watch.ms:.0f} (status {status})",
        f"{len(text.encode()) / 1000:.0f}",
    )


if __name__ == "__main__":
    main()
