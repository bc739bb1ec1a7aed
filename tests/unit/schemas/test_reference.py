"""docs/topics.md agrees with the topics and the records, and is complete."""

import re
from pathlib import Path

import msgspec
import pytest

from schemas import reference
from schemas.topics import TOPICS


def test_the_page_is_what_the_records_say() -> None:
    assert reference.PAGE.read_text() == reference.text(), "fix: make contract"


def test_every_topic_record_and_field_has_its_row() -> None:
    page = reference.text()
    assert re.findall(r"^## (\S+)$", page, re.MULTILINE) == [topic.name for topic in TOPICS]
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE))
    for topic in TOPICS:
        for record in topic.records:
            rows = re.findall(r"^\| `(\w+)` \|", sections[record.__name__], re.MULTILINE)
            assert [name for name in rows if name != record.__struct_config__.tag_field] == [
                field.encode_name for field in msgspec.structs.fields(record)
            ]


def test_links_of_the_page_lead_to_its_headings() -> None:
    page = reference.text()
    headings = {heading.lower() for heading in re.findall(r"^##+ (.+)$", page, re.MULTILINE)}
    targets = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert targets
    assert targets <= headings


def test_a_page_that_is_not_what_the_records_say_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert reference.main(["check"]) == 0
    assert reference.main(["other"]) == 2
    page = tmp_path / "topics.md"
    page.write_text(reference.text().replace("best bid price", "worst bid price"))
    monkeypatch.setattr(reference, "PAGE", page)
    assert reference.main(["check"]) == 1
    assert reference.main(["write"]) == 0
    assert reference.main(["check"]) == 0
