"""The names in a selector as somebody writes them: each is meant exactly, so what would select nothing is refused.

What is kept already is not judged by it: that stays readable, and can be removed.
"""

import unicodedata
from dataclasses import replace

from o11y.model_id import normalise_model
from o11y.slo.in_force import Misfit
from o11y.slo.override import Selector

LONGEST_NAME = 1_024


def unusable(selector: Selector) -> list[Misfit]:
    """What is wrong with its names, whatever the objective."""
    found = ((kind, why_unusable(name)) for kind, name in selector.named.items())
    return [Misfit(kind, why) for kind, why in found if why is not None]


def why_unusable(name: str) -> str | None:
    """None of what a client, a provider or a model could be called; otherwise what would be accepted."""
    if not can_be_kept(name):
        return f"must be from 1 to {LONGEST_NAME} characters"
    if any(unicodedata.category(character) == "Cc" for character in name):
        return "has a control character, refused; accepted: a name without"
    if name != name.strip():
        return "has space before or after it, refused; accepted: the name alone"
    if "*" in name:
        return "has a '*', refused: names are meant exactly; leave it out for all of them"
    return None


def measured(selector: Selector) -> Selector:
    """With its model in the spelling under which it is measured."""
    return selector if selector.model is None else replace(selector, model=normalise_model(selector.model)[0])


def can_be_kept(name: str) -> bool:
    """Whether a table could have it as the name of something."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name.strip()) and len(name) <= LONGEST_NAME
