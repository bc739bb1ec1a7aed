"""Removes from Python source what cannot change a result: comments, docstrings, blank lines, trailing blanks.

A syntax tree would serve as well, but takes a second for the whole program, twenty times as long. Where this
module is in doubt, it keeps the text, so equal results always mean equal programs. Tests check this against
syntax trees.
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
    r"""Return the source of a module without comments, docstrings, blank lines and trailing blanks.

    Any string that is a statement of its own counts as a docstring, unless it is in brackets or follows a
    backslash.

    Args:
        source: text of the module.
        docstring: text put in the place of each docstring; a string literal keeps the result valid Python.

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
