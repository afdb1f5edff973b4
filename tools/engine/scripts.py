"""Words and writing systems of texts, and whether an encoder can be expected to understand them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

FOREIGN_SHARE = 0.1
"""From this share on, text that an encoder was not trained for is worth a warning."""
MULTILINGUAL_ENCODERS = (
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
    "intfloat/multilingual-e5-small",
)
UNKNOWN = "unknown"
"""Stands in language shares for texts whose language could not be told."""

_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0970-\u0dff\u0e31-\u0e4e"
"""Accents and vowel signs that `\\w` leaves out though they stand inside words (Hebrew, Arabic, Indic, Thai)."""
# Possessive, so that no text however odd makes them try a stretch again from each of its characters.
_QUANTITY = re.compile(r"(?<!\d)(?<!\d[.,])\d++(?:[.,]\d++)*+\s?[^\W\d_]{1,2}\b")
_WORD = re.compile(rf"(?<!\w)(?:[^\W\d_][{_MARKS}]*+)++(?!\w)")


def words(text: str) -> list[str]:
    """The words of `text` in lower case and order, without numbers, codes and sizes such as `500G` or `2 kg`."""
    return _WORD.findall(_QUANTITY.sub(" ", unicodedata.normalize("NFC", text.lower())))


def script_shares(texts: Iterable[str]) -> dict[str, float]:
    """The share of each writing system among the letters of `texts`, largest first; empty without letters.

    The system is told by a letter's Unicode name (Latin, Cyrillic, Han, Arabic, Devanagari, …).
    """
    characters: Counter[str] = Counter()
    for text in texts:
        characters.update(text)
    scripts: Counter[str] = Counter()
    for character, count in characters.items():
        if unicodedata.category(character).startswith("L"):
            scripts[_script(character)] += count
    total = scripts.total()
    return {script: count / total for script, count in scripts.most_common()}


def _script(letter: str) -> str:
    # The compatibility form turns full-width, bold and superscript letters into the plain ones they stand for.
    name = unicodedata.name(unicodedata.normalize("NFKC", letter)[0], "OTHER")
    first = re.split(r"[ -]", name, maxsplit=1)[0]
    return "Han" if first == "CJK" else first.capitalize()


def encoder_warning(
    *, scripts: Mapping[str, float], languages: Mapping[str, float], encoder_languages: str | None
) -> str | None:
    """A sentence when at least FOREIGN_SHARE of a pool is in a script or language its encoder was not trained for.

    Args:
        scripts: share of letters by writing system, as `script_shares` gives it.
        languages: share of texts by ISO code, with "unknown" for those that could not be told.
        encoder_languages: what the encoder was trained for: one or more ISO codes, "multilingual", or None where it
            does not say; English is taken as the safe guess then.

    Returns:
        What share is foreign and which encoders to set instead, or None when there is nothing to warn of.
    """
    trained = set(re.findall(r"[a-z]+", (encoder_languages or "en").lower()))
    if "multilingual" in trained:
        return None
    other_languages = {code: share for code, share in languages.items() if code not in {*trained, UNKNOWN}}
    other_scripts = {script: share for script, share in scripts.items() if script != "Latin"} if "en" in trained else {}
    by_language, by_script = sum(other_languages.values()), sum(other_scripts.values())
    if max(by_language, by_script) < FOREIGN_SHARE:
        return None
    if by_language >= FOREIGN_SHARE:
        what = f"{by_language:.0%} of the texts are in languages ({_largest(other_languages)})"
    else:
        what = f"{by_script:.0%} of the letters are in scripts ({_largest(other_scripts)})"
    doubt = "may not have been" if encoder_languages is None else "was not"
    return (
        f"About {what} that the encoder {doubt} trained for, so search, selection and models will be weaker there: "
        f"set LAUD_ENCODER to {' or '.join(MULTILINGUAL_ENCODERS)} and add the pool again under a new name."
    )


def _largest(shares: Mapping[str, float], limit: int = 3) -> str:
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    named = ", ".join(f"{name} {share:.0%}" for name, share in ordered[:limit])
    return f"{named}, …" if len(ordered) > limit else named
