"""Alerts are posted to a web address, a few attempts each; nothing waits for them; the address is not logged."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from msgspec.structs import replace

from agents.config.settings import Settings
from agents.retrainer import webhook
from agents.retrainer.webhook import ATTEMPTS, MOST_WAITING, Webhook
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.errors import ConfigurationError
from tests.support.golden_model_records import OF_MODELS

ALERT: Alert = OF_MODELS[Alert][-1]  # type: ignore[assignment]
SECRET = "hunter2"


@asynccontextmanager
async def listener(*statuses: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A web server that answers with these statuses and then with 200; yields its address and the bodies received."""
    got: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        got.append(await request.read())
        assert request.headers["Content-Type"] == "application/json"
        return web.Response(status=statuses[len(got) - 1] if len(got) <= len(statuses) else 200)

    app = web.Application()
    app.router.add_post("/{secret}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield f"http://127.0.0.1:{port}/{SECRET}", got
    finally:
        await runner.cleanup()


async def done(hook: Webhook) -> None:
    """Run the webhook until every alert is delivered or given up."""
    running = asyncio.create_task(hook.run())
    async with asyncio.timeout(10):
        await hook.until_idle()
    running.cancel()


async def test_an_alert_arrives_once_as_json() -> None:
    async with listener() as (address, got):
        hook = Webhook(address)
        hook.put(ALERT)
        await done(hook)
        assert got == [encode(ALERT)]


async def test_a_failure_is_tried_again() -> None:
    async with listener(503, 500) as (address, got):
        hook = Webhook(address, first_pause_s=0.01)
        hook.put(ALERT)
        await done(hook)
        assert len(got) == 3


async def test_attempts_are_bounded_the_next_alert_goes_out_and_the_address_stays_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listener(*[503] * ATTEMPTS) as (address, got):
        hook = Webhook(address, first_pause_s=0.01)
        hook.put(ALERT)
        hook.put(ALERT)
        with caplog.at_level(logging.DEBUG, logger="agents"):
            await done(hook)
        assert len(got) == ATTEMPTS + 1
    said = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("agents"))
    assert f"not delivered in {ATTEMPTS} attempts: status 503" in said
    assert SECRET not in said


async def test_a_failed_connection_is_logged_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    hook = Webhook(f"http://127.0.0.1:9/{SECRET}", first_pause_s=0.01)
    hook.put(ALERT)
    await done(hook)
    assert "was not delivered" in caplog.text
    assert SECRET not in caplog.text
    assert "127.0.0.1" not in caplog.text


async def test_adding_an_alert_never_waits(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(webhook, "MOST_WAITING", 3)
    hook = Webhook("https://example.org/x")
    for _ in range(5):
        hook.put(ALERT)
    assert caplog.text.count("is not sent") == 2


async def test_a_flood_of_one_kind_holds_up_and_drops_no_other() -> None:
    """Anybody can cause refusals; a thousand of them once filled the queue, so that other alerts were dropped."""
    refused, back = (replace(ALERT, kind=kind, id=f"{kind}:0:1") for kind in ("refused", "rolled_back"))
    async with listener() as (address, got):
        hook = Webhook(address)
        for _ in range(5_000):
            hook.put(refused)
        hook.put(back)
        hook.put(back)
        await done(hook)
        assert [got.index(encode(back)), got.count(encode(back)), got.count(encode(refused))] == [1, 2, MOST_WAITING]


def test_secrets_are_not_shown() -> None:
    settings = Settings(directive_key="key", alert_webhook=f"https://example.org/{SECRET}")
    assert SECRET not in repr(settings)
    assert "key'" not in repr(settings)
    assert "'***'" in repr(settings)


@pytest.mark.parametrize("address", ["ftp://example.org", "example.org/x", "file:///etc/passwd"])
def test_a_text_that_is_no_address_is_refused_without_quoting_it(address: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Webhook(address)
    assert address not in str(caught.value)
