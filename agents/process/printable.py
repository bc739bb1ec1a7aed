"""Escapes control characters and line ends in text from outside before it reaches a terminal or a log."""

import logging


def printable(text: str) -> str:
    r"""Return the text with unprintable characters escaped, so that it cannot control a terminal.

    >>> printable("\x1b[2Jgone")
    '\\x1b[2Jgone'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class OneLine(logging.LogRecord):
    r"""Log record whose message is one printable line; a traceback after the message keeps its lines.

    Messages about refused input quote part of the input. Without this class, the author of the input
    could clear the screen or write lines that look like genuine log lines.

    >>> OneLine("agents", logging.WARNING, "", 0, "refused: %s", ("\x1b[2J\nERROR all is lost",), None).getMessage()
    'refused: \\x1b[2J\\nERROR all is lost'
    """

    def getMessage(self) -> str:  # noqa: N802 - as logging has it
        return printable(super().getMessage())


def use_in_logs() -> None:
    """Make every message that this process logs from now on one printable line, by means of the class `OneLine`."""
    logging.setLogRecordFactory(OneLine)
