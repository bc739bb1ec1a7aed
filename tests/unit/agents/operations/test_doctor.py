"""The findings of `tickloop doctor` on systems that the tests make up."""

import shutil
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from agents.cli import cli
from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.operations import doctor
from agents.operations.doctor import Finding
from agents.telemetry.health import HealthCheck, Verdict
from agents.telemetry.health_queries import Stranger
from schemas.codec import encode
from schemas.ticks import Trade

NOW = 1_800_000_000 * 10**9


def arrived(symbol: str, partition: int, *, event_ns: int = NOW - 10**9, arrival_ns: int = NOW) -> Received:
    tick = Trade(symbol=symbol, ts_event=event_ns, price=1.0, size=1.0)
    return Received(partition, 0, arrival_ns // 10**6, symbol.encode(), encode(tick))


def verdicts(records: list[Received]) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in doctor.examine_ticks(records, NOW)}


def test_ticks_of_another_time_are_seen_whatever_came_after_them() -> None:
    usual, year = NOW - 10**9, 365 * 86_400 * 10**9

    def told(*times: int) -> str:
        findings = doctor.examine_ticks([arrived("BTC", 1, event_ns=each) for each in times], NOW)
        return next(each for each in findings if each.check == "event-time").found

    assert "1 of the newest ticks lie in the future" in told(usual - 2, usual + year, usual)
    assert "`ts_event` of BTC goes back by 31,536,000 s" in told(usual, usual - year, usual - year + 1)
    assert "s ago" in told(usual, usual - 10**9, usual + 1)


def test_a_healthy_topic_of_ticks_has_no_finding() -> None:
    records = [arrived("BTC", 1), arrived("BTC", 1), arrived("ETH", 2)]
    assert verdicts(records) == {"clock": "ok", "event-time": "ok", "partitions": "ok"}


def test_a_symbol_on_two_partitions_fails() -> None:
    findings = doctor.examine_ticks([arrived("BTC", 1), arrived("BTC", 4), arrived("ETH", 2)], NOW)
    assert findings[-1].verdict == "fail"
    assert "BTC (1, 4)" in findings[-1].found
    assert "ETH" not in findings[-1].found


@pytest.mark.parametrize("event_ns", [NOW + 10**12, NOW // 10**6], ids=["from the future", "milliseconds"])
def test_event_times_that_cannot_be_right_are_warned_of(event_ns: int) -> None:
    assert verdicts([arrived("BTC", 1, event_ns=event_ns)])["event-time"] == "warn"


def test_a_broker_from_the_future_is_warned_of() -> None:
    assert verdicts([arrived("BTC", 1, arrival_ns=NOW + 60 * 10**9)])["clock"] == "warn"


def test_records_that_are_no_ticks_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    bad = Received(0, 0, NOW // 10**6, None, b"\xff")
    (told,) = doctor.examine_ticks([bad, bad], NOW)
    assert (told.check, told.verdict, told.found) == (
        "ticks", "warn", "2 of the newest 2 are dead letters: 2 as not_json"
    )  # fmt: skip
    assert verdicts([bad, arrived("BTC", 1)])["ticks"] == "warn"
    assert not caplog.records, "said once, in a line of the table"
    assert doctor.examine_ticks([], NOW) == [Finding("ticks", "ok", "no ticks yet")]


def test_a_package_of_another_version_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "version", lambda name: "0.15.2" if name == "faust-streaming" else "0")
    finding = doctor.packages()
    assert finding.verdict == "fail"
    assert "faust-streaming 0.15.2 instead of 0.15.3" in finding.found


def test_another_distribution_with_an_agents_package_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.foreign_package().verdict == "ok"
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"agents": ["tickloop", "other-agents"]})
    assert doctor.foreign_package().verdict == "fail"


@pytest.mark.parametrize(("free", "verdict"), [(50e9, "ok"), (1e9, "warn"), (1e8, "fail")])
def test_the_verdict_on_the_disk_follows_from_its_free_space(
    free: float, verdict: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(0, 0, int(free)))
    assert doctor.disk(Settings(home=str(tmp_path / "not" / "yet" / "there"))).verdict == verdict


def test_jars_that_are_not_there_yet_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    finding = doctor.broker_jars(Settings())
    assert (finding.verdict, "46 of 46" in finding.found) == ("warn", True)


def test_neither_java_nor_jars_are_needed_with_an_external_cluster() -> None:
    settings = Settings(bootstrap="kafka:9092")
    assert {finding.verdict for finding in (doctor.java(settings), doctor.broker_jars(settings))} == {"ok"}


@pytest.mark.parametrize(("address", "verdict", "exit_code"), [("", "warn", 0), ("127.0.0.1:1", "fail", 1)])
def test_the_command_reports_a_broker_that_is_away(
    address: str, verdict: str, exit_code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKLOOP_BOOTSTRAP", address)
    monkeypatch.setattr(doctor, "java", lambda _settings: Finding("java", "ok", "not looked for"))
    monkeypatch.setattr(doctor, "broker_jars", lambda _settings: Finding("jars", "ok", "not looked for"))
    result = CliRunner().invoke(cli, ["doctor", "--json", "--home", str(tmp_path)])
    findings = msgspec.json.decode(result.stdout, type=list[Finding])
    assert (findings[-1].check, findings[-1].verdict, result.exit_code) == ("broker", verdict, exit_code)


def test_the_dashboard_may_be_absent_but_not_blind() -> None:
    settings = Settings()
    blind = HealthCheck("broker", ok=False, value=9.0, limit=5.0, since="", says="the broker answered 9.0 s ago")
    found = [
        doctor.dashboard(settings, verdict)
        for verdict in (
            None,
            Verdict(True, "tickloop", "", "0.1.0", ()),
            Verdict(False, "tickloop", "", "0.1.0", (blind,)),
        )
    ]
    assert [each.verdict for each in found] == ["ok", "ok", "fail"]
    assert "none of this system answers on 127.0.0.1:8642" in found[0].found
    other = doctor.dashboard(settings, Stranger("the dashboard of /srv/other"))
    assert (other.verdict, "there is the dashboard of /srv/other" in other.found) == ("ok", True)
    assert "the broker answered 9.0 s ago" in found[2].found
    assert found[2].fix


def test_workers_of_another_system_do_not_speak_for_this_one() -> None:
    stranger, ours = Stranger("worker-1 of /srv/other"), Verdict(True, "tickloop", "worker-2", "0.1.0", ())
    none = doctor.workers(Settings(), {1: stranger, 2: None})
    assert none.verdict == "warn"
    assert "none of this system answers on ports 9461 to 9462" in none.found
    assert "9461 is that of worker-1 of /srv/other" in none.found
    one = doctor.workers(Settings(), {1: stranger, 2: ours})
    assert one.verdict == "fail"
    assert "worker-1: does not answer: its port is taken by worker-1 of /srv/other, worker-2: ready" in one.found
