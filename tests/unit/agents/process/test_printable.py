"""Text from outside is shown on one printable line, in logs and on terminals."""

import logging
import subprocess
import sys

from agents.process.printable import OneLine

STRANGE = "\x1b[2J\x1b]0;title\x07\r\nERROR all is lost\u202e\x9b31m"

PROGRAM = f"""
import logging
from agents.cli import main
try:
    main(["--version"])
except SystemExit:
    pass
logging.getLogger("agents.anything").warning("passed over: %s", {STRANGE!r})
try:
    raise ValueError("told")
except ValueError:
    logging.getLogger("agents.anything").exception("and a traceback")
"""


def test_no_message_of_a_log_steers_a_terminal_or_begins_a_line() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    first, second, *traceback = done.stderr.splitlines()
    assert first == r"passed over: \x1b[2J\x1b]0;title\x07\r\nERROR all is lost\u202e\x9b31m"
    assert second == "and a traceback"
    assert traceback[-1] == "ValueError: told"
    assert all(line.isprintable() for line in done.stderr.splitlines())


def test_a_record_without_arguments_is_one_line_too() -> None:
    assert OneLine("a", logging.INFO, "", 0, STRANGE, (), None).getMessage().isprintable()
