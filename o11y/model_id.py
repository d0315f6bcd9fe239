"""Model ids as gateways write them, and the one spelling under which they are measured."""

from functools import lru_cache

#: the model of an id that holds nothing but space
BLANK = "(blank)"


@lru_cache(maxsize=4096)
def normalise_model(text: str) -> tuple[str, str]:
    """The id and its variant: trimmed, lower-cased, with the text after the last colon moved out.

    ``Anthropic/Claude-Sonnet-4.5:free`` is ``("anthropic/claude-sonnet-4.5", "free")``. Only the last colon counts
    (``ft:gpt-4o:acme`` is a model ``ft:gpt-4o``), and only after the last slash (``host:8080/llama`` has no variant).
    A trailing colon names no variant. The model is never empty: ``:free`` stays whole, a blank id is ``(blank)``.
    """
    model = text.strip().lower()
    whole = model.rstrip(": \t")
    if not whole:
        return model or BLANK, ""
    head, _, variant = whole.rpartition(":")
    head, variant = head.rstrip(": \t"), variant.strip()
    if not head or "/" in variant or whole != model:
        return whole, ""
    return head, variant
