"""The quotation marks of a text, which models and keyboards write in different ways, made alike."""

import re
from typing import Literal, TypeAlias, get_args

__all__ = ["WAYS", "Quotes", "told"]

Quotes: TypeAlias = Literal["as they are", "straight", "curly"]
"""`curly` is for English, as other languages have others."""
WAYS: tuple[Quotes, ...] = get_args(Quotes)

_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟", '"') | dict.fromkeys("‘’‚‛", "'"))
# A word that has lost its beginning, and a decade, which is what they begin with no quotation with.
_ELIDED = r"'(?=(?:tis|twas|twere|twill|til|em|cause|bout|round|neath|gainst|n)\b|\d\ds?\b)"
_OPENS = r"(?<![^\s(\[{<—–\-\"'“‘])"
"""What a mark stands behind when it opens a quotation: nothing, space, a bracket, a dash, another
mark."""
_MARK = re.compile(rf"(?i:{_ELIDED})|{_OPENS}(?:(?P<double>\")|(?P<single>'))(?=\S)|\"|'")


def told(text: str, way: Quotes) -> str:
    """Return `text`, that begins a line or stands behind a space, with its quotes in that way."""
    if way == "straight":
        return text.translate(_STRAIGHT) if not text.isascii() else text
    if way == "curly":
        return _MARK.sub(_curled, text)
    return text


def _curled(match: re.Match[str]) -> str:
    if match["double"]:
        return "“"
    if match["single"]:
        return "‘"
    return "”" if match[0] == '"' else "’"
