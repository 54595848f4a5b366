"""Text for files in a code page that doesn't have every character."""

GETA = "〓"
"""Stands, as printers have it, for a character that a Japanese code page lacks."""


def has(encoding: str, letter: str) -> bool:
    """Tell whether an encoding has a character."""
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def representable(text: str, encoding: str) -> str:
    """Return text with a `GETA` for each character that the encoding lacks."""
    return "".join(letter if has(encoding, letter) else GETA for letter in text)


def fitting_bytes(text: str, encoding: str, limit: int) -> str:
    """Return text with characters that the encoding has, cut to a count of bytes in it."""
    return representable(text, encoding).encode(encoding)[:limit].decode(encoding, errors="ignore")
