"""Opens an HTML file in a browser, and collects its messages and requests."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

VIEWS = [(width, scheme) for width in (390, 1400) for scheme in ("light", "dark")]


class Opened:
    """An open page, with all that it wrote to the console and all addresses that it requested."""

    def __init__(self, browser: Browser, path: Path, width: int = 1400, scheme: Any = "light") -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-drawn]", timeout=60_000)

    def ask(self, script: str) -> Any:
        return self.page.evaluate(script)

    def until(self, script: str, wanted: Any) -> None:
        """Evaluate a script until its result is `wanted`; fails after 5 s.

        The page's security policy forbids scripts that wait inside the page.
        """
        for _ in range(100):
            if (said := self.ask(script)) == wanted:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"expected {wanted}, was {said}")
