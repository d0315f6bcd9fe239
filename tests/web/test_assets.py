"""The files of the dashboard: kept by browsers for ever, and with their licences."""

import gzip
import re

import pytest

from o11y.web.assets import FOLDER, Assets
from tests.web.sheet import sheet_house

HOUSE = sheet_house()
NAMES = sorted(Assets().names)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_immutable_under_its_digest_and_needs_nobody_signed_in(name: str) -> None:
    reply = HOUSE.browser().get(Assets().path(name))
    assert (reply.status, reply.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert reply.body == (FOLDER / name).read_bytes()
    assert reply.headers["content-type"].partition(";")[0] in ("text/css", "text/javascript", "image/svg+xml")


def test_a_browser_that_takes_gzip_gets_it() -> None:
    plain, packed = (
        HOUSE.browser().get(Assets().path("o11y.css"), headers={"accept-encoding": coding}) for coding in ("br", "gzip")
    )
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"


def test_a_file_of_another_release_is_the_present_one_and_not_kept() -> None:
    reply = HOUSE.browser().get("/static/0000000000000000/o11y.css")
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/x",
        "/static/x/nothing.js",
        "/static/x/../../o11y/settings.py",
        "/static/x/%2e%2e/page.py",
        "/static/x//etc/passwd",
        "/static/x/vendor/uPlot/LICENSE",
    ],
)
def test_nothing_but_the_files_is_served(path: str) -> None:
    assert HOUSE.browser().get(path).status == 404


def test_a_file_that_is_not_there_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match=r"o11y\.csss is none of"):
        Assets().path("o11y.csss")


def test_everything_of_others_has_its_licence_beside_it() -> None:
    folders = [path for path in (FOLDER / "vendor").iterdir() if path.is_dir()]
    assert len(folders) >= 2
    assert [path.name for path in folders if not (path / "LICENSE").read_text(encoding="utf-8").strip()] == []


def test_nothing_asks_for_anything_off_this_host() -> None:
    elsewhere = re.compile(r"""(?:url\(|import\s|from\s|src=|href=|fetch\()\s*["']?(?:https?:)?//""")
    for path in FOLDER.rglob("*.*"):
        assert not elsewhere.search(path.read_text(encoding="utf-8")), path.name


def test_every_colour_of_the_light_theme_has_one_in_the_dark() -> None:
    css = (FOLDER / "o11y.css").read_text(encoding="utf-8")
    light, dark = (set(re.findall(r"(--[\w-]+): #", part)) for part in css.split("prefers-color-scheme: dark", 1))
    assert light == dark
    assert len(light) > 20


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_legible_on_every_ground_that_it_stands_on(theme: int) -> None:
    css = (FOLDER / "o11y.css").read_text(encoding="utf-8").split("/* --- ground --- */")[0]
    part = css.split("prefers-color-scheme: dark", 1)[theme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part))
    pairs = [(text, ground) for text in ("text", "muted", "accent") for ground in ("ground", "surface", "sunken")]
    pairs += [(tone, f"{tone}-soft") for tone in ("page", "ticket", "ok", "silenced", "nodata")]
    pairs += [(tone, "surface") for tone in ("page", "ticket", "ok")] + [("on-accent", "accent")]
    poor = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in poor.items() if ratio < 4.5} == {}
