"""A cause in words: what is affected, how much of it, and who is not."""

from collections.abc import Sequence

from o11y.alerting.foreign_text import visible
from o11y.alerting.incident import Cause, Extent
from o11y.alerting.quantities import count
from o11y.alerting.traffic import Label, labels_of
from o11y.slo.dimension import Dimension

_NAME_LIMIT = 80

#: what a cause is made of, most telling first
_PARTS = {
    Label.PROVIDER: ("models", "clients"),
    Label.CLIENT: ("providers", "models"),
    Label.MODEL: ("providers", "clients"),
    None: ("providers", "clients", "models"),
}


def cause_text(cause: Cause, extent: Extent | None = None, *, name_limit: int = _NAME_LIMIT) -> str:
    """``provider openai: 14 of 15 models, all 3 clients``; a single dimension is named in full."""
    shared = shared_text(cause.shared, name_limit=name_limit)
    if extent is None or cause.is_single:
        return shared
    labels = labels_of(cause.shared)
    kinds = _PARTS[labels[0] if labels else None]
    counts = [(kind, *_counts(extent, kind)) for kind in kinds]
    if not extent.firing:
        return f"{shared} as a whole, none of {_many(counts[0][2], counts[0][0])} alone" if counts[0][2] else shared
    said = [_share(firing, active, kind) for kind, firing, active in counts if active > 1]
    return f"{shared}: {', '.join(said)}" if said else shared


def unaffected_text(extent: Extent, *, name_limit: int = _NAME_LIMIT) -> str | None:
    """``not affected: gpt-4.1-mini, and providers anthropic, google``; None where nobody is known to be well."""
    inside = _names(extent.well, extent.well_more, extent.well_label, name_limit)
    beside = _names(extent.neighbours, extent.neighbours_more, extent.neighbours_label, name_limit)
    said = [names for names in (inside, beside) if names]
    return f"not affected: {', and '.join(said)}" if said else None


def shared_text(shared: Dimension, *, name_limit: int = _NAME_LIMIT) -> str:
    """``provider openai``, ``client gateway``, ``model gpt-5``, ``all traffic``; names in full where it has all."""
    labels = labels_of(shared)
    shown = {label: visible(label.of(shared) or "", limit=name_limit) for label in labels}
    match len(labels):
        case 0:
            return "all traffic"
        case 1:
            return f"{labels[0]} {shown[labels[0]]}"
        case _:
            ordered = (label for label in (Label.CLIENT, Label.PROVIDER, Label.MODEL) if label in shown)
            return " / ".join(shown[label] for label in ordered)


def _counts(extent: Extent, kind: str) -> tuple[int, int]:
    return {"models": extent.models, "clients": extent.clients, "providers": extent.providers}[kind]


def _share(firing: int, active: int, kind: str) -> str:
    if firing < active:
        return f"{count(firing)} of {_many(active, kind)}"
    return f"both {kind}" if active == 2 else f"all {_many(active, kind)}"


def _many(number: int, kind: str) -> str:
    return f"{count(number)} {kind if number != 1 else kind.removesuffix('s')}"


def _names(names: Sequence[str], more: int, label: str, name_limit: int) -> str:
    """Models by their name alone, which says what they are; clients and providers with the word before it."""
    if not names:
        return ""
    word = "" if label == Label.MODEL else f"{label} " if len(names) + more == 1 else f"{label}s "
    rest = f" and {count(more)} more" if more else ""
    return f"{word}{', '.join(visible(name, limit=name_limit) for name in names)}{rest}"
