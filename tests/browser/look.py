"""``python -m tests.browser.look FOLDER``: pictures of every page to be looked at, wide and narrow, light and dark.

``--many``: the overview of 10,000 dimensions as well.
"""

import argparse
import tempfile
from pathlib import Path

from tests.browser.chromium import NARROW, WIDE, Scheme, chromium, visitor
from tests.browser.places import OVERVIEW, PLACES, Place, signed_in_state
from tests.browser.settled import settled
from tests.browser.stage import played, seeded_many, seeded_story

SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def take_pictures(url: str, into: Path, places: tuple[Place, ...]) -> None:
    with chromium() as browser:
        state = signed_in_state(browser, url)
        for width in (WIDE, NARROW):
            for scheme in SCHEMES:
                for place in places:
                    with visitor(
                        browser,
                        url,
                        width=width,
                        scheme=scheme,
                        state=None if place.public else state,
                        expected={place.status},
                    ) as page:
                        page.goto(place.path)
                        settled(page)
                        path = into / f"{place.name}-{width}-{scheme}.png"
                        page.screenshot(path=path, full_page=True)
                        print(path, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--many", action="store_true")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="o11y-look-") as name:
        folder = Path(name)
        with played(seeded_story(folder / "story"), folder / "stage") as stage:
            take_pictures(stage.url, chosen.folder, PLACES)
        if chosen.many:
            with played(seeded_many(folder / "crowd"), folder / "crowded", live=False) as stage:
                take_pictures(stage.url, chosen.folder, (Place("many", OVERVIEW.path, OVERVIEW.heading),))


if __name__ == "__main__":
    main()
