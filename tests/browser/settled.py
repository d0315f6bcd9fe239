"""A page that has become what it is going to be: fonts and parts there, charts drawn."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_WHOLE = """() => !document.querySelector("[aria-busy=true]") &&
    [...document.querySelectorAll("figure[data-chart] [data-plot]")]
        .every((plot) => plot.querySelector("canvas, .plot-note"))"""


def settled(page: "Page") -> None:
    page.wait_for_load_state("load")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    page.wait_for_function(_WHOLE)
