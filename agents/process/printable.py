"""Escapes control characters and line ends in foreign text before it reaches a terminal or a log."""

import logging


def printable(text: str) -> str:
    r"""Text that cannot steer a terminal, whatever a producer put into it.

    >>> printable("\x1b[2Jgone")
    '\\x1b[2Jgone'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class OneLine(logging.LogRecord):
    r"""A record of the log whose message is one printable line; a traceback after it keeps its lines.

    What is refused is told with a part of what it was, and whoever wrote that could clear the screen with it, or write
    lines that look like ours.

    >>> OneLine("agents", logging.WARNING, "", 0, "refused: %s", ("\x1b[2J\nERROR all is lost",), None).getMessage()
    'refused: \\x1b[2J\\nERROR all is lost'
    """

    def getMessage(self) -> str:  # noqa: N802 - as logging has it
        return printable(super().getMessage())


def use_in_logs() -> None:
    """Have every message that this process logs from now on printed so."""
    logging.setLogRecordFactory(OneLine)
