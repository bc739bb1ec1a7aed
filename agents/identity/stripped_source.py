"""Python source without what cannot change a result: comments, docstrings, blank lines and trailing blanks.

A syntax tree would do the same and costs a second for the whole loop; this costs a twentieth of that. Where in doubt
text is kept: two sources that are equal here are equal as programs, which the tests hold against syntax trees.
"""

import re

_COMMENT_OR_STRING = re.compile(
    r'''(?P<comment>\#[^\n]*+)
    | (?:"""(?:[^\\"]++|\\.|"(?!""))*+"""
      |\'\'\'(?:[^\\']++|\\.|'(?!''))*+\'\'\'
      |"(?:[^\\"\n]++|\\.)*+"
      |'(?:[^\\'\n]++|\\.)*+')''',
    re.VERBOSE | re.DOTALL,
)
_NOTHING_MORE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_LINE_ENDS = re.compile(r"[ \t]*\n(?:[ \t]*\n)*")
_STRING = "\0"
"""Stands for a string while lines are tidied: strings may hold several, which stay as they are."""


def stripped(source: str, docstring: str = "") -> str:
    r"""Source of a module with nothing in it but the program.

    A string that is a statement of its own is a docstring; one in brackets, or after a backslash, is none.

    Args:
        source: of a module.
        docstring: what to put in place of each: a string literal keeps the module one that can be parsed.

    >>> stripped('def half(x):  # of it\n    "Half."\n\n    return x / 2 if x else "# none"\n')
    'def half(x):\n    return x / 2 if x else "# none"\n'
    """
    code: list[str] = []
    strings: list[str] = []
    at = depth = 0
    for match in _COMMENT_OR_STRING.finditer(source):
        between = source[at : match.start()]
        depth += sum(map(between.count, "([{")) - sum(map(between.count, ")]}"))
        code.append(between)
        at = match.end()
        if match["comment"] is not None:
            continue
        is_docstring = depth == 0 and _is_statement(source, match.start(), at)
        if text := docstring if is_docstring else match[0]:
            strings.append(text)
            code.append(_STRING)
    code.append(source[at:])
    tidy, *rest = _LINE_ENDS.sub("\n", "".join(code)).lstrip("\n").split(_STRING)
    return tidy + "".join(string + between for string, between in zip(strings, rest, strict=True))


def _is_statement(source: str, start: int, end: int) -> bool:
    line = source.rfind("\n", 0, start) + 1
    return (
        source[line:start].strip(" \t") in ("", "r", "R")
        and source[line - 2 : line - 1] != "\\"
        and _NOTHING_MORE.match(source, end) is not None
    )
