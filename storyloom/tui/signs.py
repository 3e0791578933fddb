"""What the signs and words on a screen mean, for its help."""

__all__ = ["LEGENDS"]

_LOOM = (
    ("strand", "the story so far: the path from the beginning to the cursor"),
    ("fork", "a passage that more than one branch goes on from"),
    ("*", "on the weave, the path that is the story"),
    (">", "where the cursor is"),
    ("▌", "lines of the passage under the cursor"),
    ("•", "a branch that came in and was not looked at yet"),
    ("~", "behind a name: edited by hand since"),
    ("+3", "three branches go on from here; in the tree, three nodes are folded away"),
    ("31w", "how many words it has"),
    ("S", "a sketch of what comes next: no text of the story, nor counted; Enter writes it out"),
    ("H", "written by hand; P pasted, I imported, other letters are models"),
    ("!", "a branch that failed: without text it is no node, and . asks for it again"),
    ("x 2 pruned", "two branches that U brings back"),
    ("session", "a sitting; half an hour in which nothing is done ends it"),
    ("undone", "in the timeline: a step that was taken back"),
)

_LORE = (
    ("+", "would fire, if branches were grown at the cursor of the loom"),
    ("-", "would not; why not stands behind it"),
    ("here", "at the cursor of the loom, on the strand that ends there"),
    ("key", "a word for which an entry is taken when it stands in the strand"),
    ("draft", "was changed and not kept yet: Enter goes on with it"),
)

_COMPARE = (
    ("> 2", "the branch that the keys are for"),
    ("*", "on the weave"),
    ("alike", "the share of content words that two branches have in common, 0 to 1"),
    ("twins", "two so alike that one of them will do"),
    ("distinct", "how many of all pairs of neighbouring words are different ones, 0 to 1"),
    ("shared", "content words that all of them have"),
    ("only 2", "content words that the second alone has"),
    ("[struck]", "in the difference: words that are only in the current branch"),
)

_TOKENS = (
    ("*", "the token as the model wrote it, among what might have stood there"),
    ("12 %", "how likely it was: the model's own share for it, before temperature and the like"),
    ("␣ ⏎", "a space, a line end"),
    (". - = #", "under the text: less likely than 80, 50, 20 and 5 %, as the colours say too"),
    ("(the end)", "the model might have ended there"),
)

LEGENDS = {"loom": _LOOM, "compare": _COMPARE, "lore": _LORE, "tokens": _TOKENS}
"""By screen: signs, and what each means."""
