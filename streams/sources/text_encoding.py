"""Suggests encodings for a text that is not UTF-8, judged by its first line."""

import codecs
import re

from schemas.errors import ConfigurationError
from streams.sources.cells import shown

_RUSSIAN = re.compile(r"[\u0000-\u007f\u0410-\u044f\u0401\u0451\u2116]*")
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f]")
"""Half-width letters: no header has them, but Chinese text decoded as Japanese mostly does."""

_ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_HIGH = re.compile(rb"[\x80-\xff]")

OF_WORDS = ("cp932", "gb18030", "cp1251", "cp1252")
"""Encodings that are tried: Japanese, Chinese, Russian, and Western European."""


def known_encoding(name: str) -> str:
    """The given name of an encoding, after a check that Python knows it; an empty name passes.

    Raises:
        ConfigurationError: Python knows no such encoding.

    >>> known_encoding("latin-1"), known_encoding("")
    ('latin-1', '')
    """
    try:
        if name:
            codecs.lookup(name)
            b"".decode(name)
    except (LookupError, ValueError):
        raise ConfigurationError(
            f"expected an encoding of texts, was {shown(name)}; fix: for example --encoding cp1252, cp932 or gb18030"
        ) from None
    return name


def likely_encodings(line: bytes) -> list[str]:
    """Names of the encodings that a line may have, the likeliest first; empty if the line is UTF-8.

    >>> likely_encodings("Währung;Stück".encode("cp1252")), likely_encodings("Währung".encode())
    (['cp1252'], [])
    >>> likely_encodings("約定日時,終値".encode("cp932")), likely_encodings("дата;цена".encode("cp1251"))
    (['cp932', 'gb18030'], ['cp1251'])
    >>> likely_encodings("时间,成交价,成交量".encode("gb18030"))
    ['gb18030', 'cp1252']
    """
    try:
        line.decode()
        return []
    except UnicodeDecodeError:
        pass
    high, alone = len(_HIGH.findall(line)), len(_ALONE.findall(line))
    if 2 * alone >= high:
        return ["cp1252"]
    found: dict[str, str] = {}
    for encoding in OF_WORDS:
        try:
            found[encoding] = line.decode(encoding)
        except UnicodeDecodeError:
            continue
    if _RUSSIAN.fullmatch(found.get("cp1251", "?\u0400")):
        return ["cp1251"]
    if _HALF_WIDTH.search(found.get("cp932", "")):
        del found["cp932"]
    return [encoding for encoding in found if encoding != "cp1251"][:2] or ["cp1252"]


def other_encoding(line: bytes) -> str:
    """Error sentence for a line that is not UTF-8; it shows how the likely encodings read the line. Empty for UTF-8.

    >>> other_encoding("Zeit;Währung".encode("cp1252"))
    "expected text in UTF-8, was another encoding; fix: --encoding cp1252 (it reads 'Zeit;Währung')"
    """
    ways = [f"{each} (it reads {shown(line.decode(each, 'replace'))})" for each in likely_encodings(line)]
    return f"expected text in UTF-8, was another encoding; fix: --encoding {' or '.join(ways)}" if ways else ""
