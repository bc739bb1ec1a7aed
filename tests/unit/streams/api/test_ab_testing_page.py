"""The examples of docs/ab-testing.md print what the page says."""

import re
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from tests.support.places import ROOT

PAGE = ROOT / "docs" / "ab-testing.md"


def test_every_example_prints_what_stands_below_it() -> None:
    examples = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(examples) == PAGE.read_text().count("```python") == 3
    names: dict[str, Any] = {}
    for source, printed in examples:
        found = StringIO()
        with redirect_stdout(found):
            exec(compile(source, str(PAGE), "exec"), names)
        assert found.getvalue() == printed
