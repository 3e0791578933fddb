"""Where the tokens of a model's answer stand in the text that came of it.

The answer may have been cut at both ends, cleaned, and given another seam, see `joining`; tokens
may be missing, or be of what is no story. What cannot be placed for sure is left out.
"""

from collections.abc import Sequence

from storyloom.models.protocol import Token
from storyloom.story.drawn import DrawnToken
from storyloom.story.kept import kept

__all__ = ["aligned"]

_NEAR = 200
"""Characters ahead in which a token is looked for that does not stand where it should."""
_PROBE = 40
_SURE = 12
"""Characters of a token that are found ahead and need not be borne out by one after it."""


def aligned(
    tokens: Sequence[Token], answer: str, text: str, stored: str | None = None
) -> list[DrawnToken]:
    """Return the tokens with their places in `text`, in order and none over another.

    `answer` is all that the model sent, `text` the story text that `joining.continuation` makes of
    it, and `stored` how much of that is stored, all by default. The places are those in the text
    as it is `kept`. A token of which only a part is stored is there with that part.
    """
    most = len(kept(text if stored is None else stored))
    text = kept(text)
    whole = kept(answer)
    body = text.lstrip()
    # It is the end of the answer, but perhaps for a closing fence.
    at = whole.rfind(body) if body else -1
    if at < 0 or not tokens:
        return []
    start, here = at, len(text) - len(body)
    while start and here and whole[start - 1] == text[here - 1]:
        start, here = start - 1, here - 1
    end = at + len(body)
    shift = here - start
    out: list[DrawnToken] = []
    for token, begin, stop in _placed(tokens, whole):
        begin, stop = max(begin, start) + shift, min(min(stop, end) + shift, most)
        if begin < stop:
            out.append(DrawnToken(begin, stop, token.logprob, token.others))
    return out


def _placed(tokens: Sequence[Token], whole: str) -> list[tuple[Token, int, int]]:
    """Return the tokens that are found in `whole`, each with its beginning and end there."""
    pieces = [kept(token.text) for token in tokens]
    first = _first(pieces, whole)
    out: list[tuple[Token, int, int]] = []
    at = 0
    for index in range(first, len(tokens)):
        piece = pieces[index]
        found = _found(whole, at, piece, pieces[index + 1 : index + 3])
        if found >= 0:
            out.append((tokens[index], found, found + len(piece)))
            at = found + len(piece)
    return out


def _first(pieces: list[str], whole: str) -> int:
    """Return the token that the answer begins with: before it may be some of an echoed prompt."""
    before = "".join(pieces).find(whole[:_PROBE])
    first = 0
    while before > 0 and first < len(pieces):
        before -= len(pieces[first])
        if before >= 0:
            first += 1
    return first


def _found(whole: str, at: int, piece: str, following: list[str]) -> int:
    """Return where `piece` is, at `at` or a little ahead; -1 when that is not sure."""
    if not piece:
        return -1
    if whole.startswith(piece, at):
        return at
    ahead = whole.find(piece, at, at + len(piece) + _NEAR)
    end = ahead + len(piece)
    borne_out = (
        len(piece) >= _SURE
        or end == len(whole)
        or any(each and whole.startswith(each, end) for each in following)
    )
    return ahead if borne_out else -1
