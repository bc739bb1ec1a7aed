"""Alert rules, Grafana dashboard and containers name only metrics that exist, and each alert is in the guide."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from msgspec import json

from agents.config.settings import Settings
from agents.runtime.app import create_app
from agents.telemetry.watch import WorkerWatch
from streams.parameters import Parameters
from streams.topology import nodes
from tests.support.places import ROOT

OPERATIONS = ROOT / "docs" / "operations"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
RULES = [rule for group in yaml.safe_load((OPERATIONS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
DASHBOARD: dict[str, Any] = json.decode((OPERATIONS / "grafana" / "tickloop.json").read_bytes())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
OF_PROMETHEUS = {"up": {"job", "instance"}}
OF_A_TARGET = {"job", "instance"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """All metrics that a worker of the loop can export, with their labels."""
    settings = Settings(home=str(tmp_path_factory.mktemp("home")))
    app = create_app(settings, "127.0.0.1:1", nodes(Parameters()))
    watch = WorkerWatch(app, settings, "127.0.0.1:1", 1)
    labels: dict[str, set[str]] = {}
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "info": ["_info"], "gauge": [""]}
    for family in watch._registry.collect():
        named = set(getattr(family, "_labelnames", ()))
        sampled = {label for sample in family.samples for label in sample.labels}
        for ending in endings[family.type]:
            more = {"le"} if ending == "_bucket" else set()
            labels[family.name + ending] = named | sampled | more | OF_A_TARGET
    return labels


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def parts(expression: str) -> tuple[list[promql_parser.VectorSelector], set[str]]:
    """The selectors of a PromQL expression, and the labels by which it aggregates."""
    selectors: list[promql_parser.VectorSelector] = []
    labels: set[str] = set()

    def note(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            selectors.append(node.vector_selector)
        elif isinstance(node, promql_parser.VectorSelector):
            selectors.append(node)
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels.update(node.modifier.labels)
        return True

    promql_parser.walk(promql_parser.parse(expression), note)
    return selectors, labels


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_what_an_expression_names_is_exported(name: str, expression: str, exported: dict[str, set[str]]) -> None:
    selectors, grouped = parts(expression)
    assert selectors, "it selects nothing"
    there: set[str] = set()
    for selector in selectors:
        assert selector.name in exported | OF_PROMETHEUS, f"{name}: no worker exports {selector.name}"
        labels = (exported | OF_PROMETHEUS)[selector.name]
        assert {matcher.name for matcher in selector.matchers.matchers} <= labels
        there |= labels
    assert grouped <= there, f"{name}: {grouped - there} is no label of what it groups"


def test_a_name_that_no_worker_exports_would_be_found(exported: dict[str, set[str]]) -> None:
    selectors, grouped = parts("sum by (symbol) (rate(tickloop_lag_seconds[5m]))")
    assert {selector.name for selector in selectors}.isdisjoint(exported)
    assert grouped == {"symbol"}
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse("sum by (node (up)")


def test_every_metric_of_the_loop_is_on_the_dashboard_or_in_a_rule(exported: dict[str, set[str]]) -> None:
    used = {selector.name for _, expression in expressions() for selector in parts(expression)[0]}
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported if name.startswith("tickloop_")}
    assert ours == {re.sub(r"_bucket$", "", name) for name in used if name and name.startswith("tickloop_")}


def test_names_follow_the_conventions(exported: dict[str, set[str]]) -> None:
    for name, labels in exported.items():
        assert re.fullmatch(r"(tickloop|process|python)_[a-z_]+", name)
        assert "symbol" not in labels


def test_alerts_say_how_bad_they_are_and_where_to_read_on() -> None:
    guide = (ROOT / "docs" / "operating.md").read_text()
    headings = set(re.findall(r"^#### (\w+)$", guide, re.MULTILINE))
    assert {rule["alert"] for rule in RULES} == headings
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"] == f"docs/operating.md#{rule['alert'].lower()}"


def test_panels_have_a_unit_a_sentence_and_a_place_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in PANELS:
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "prometheus"


def test_the_containers_get_these_files_and_find_each_other() -> None:
    services = COMPOSE["services"]
    for service in ("prometheus", "grafana"):
        for volume in services[service]["volumes"]:
            source, target = volume.split(":")[:2]
            if source.startswith("."):
                assert (ROOT / source).is_file(), source
                assert Path(target).suffix == Path(source).suffix
        assert all(port.startswith("127.0.0.1:") for port in services[service]["ports"])
    scraped = yaml.safe_load((OPERATIONS / "prometheus.yml").read_text())
    (job,) = scraped["scrape_configs"]
    (names,) = job["dns_sd_configs"]
    assert job["job_name"] == "tickloop"
    assert names["names"] == ["worker"]
    assert (
        str(names["port"]) == services["worker"]["environment"]["TICKLOOP_METRICS_PORT"] == str(Settings().metrics_port)
    )
    source = yaml.safe_load((OPERATIONS / "grafana" / "datasource.yml").read_text())["datasources"][0]
    assert (source["uid"], source["url"]) == ("prometheus", "http://prometheus:9090")
    folder = yaml.safe_load((OPERATIONS / "grafana" / "dashboards.yml").read_text())["providers"][0]["options"]["path"]
    assert services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{folder}/tickloop.json"
