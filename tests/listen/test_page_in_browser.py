"""The live page in headless Chromium, driven by ChromeDriver (Debian's chromium and chromium-driver)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edgel3_deploy.listen.page import Page
from edgel3_deploy.listen.tally import Tally
from tests.listen.sensor import a_sensor, a_window

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 120.0
Browser = Callable[..., Any]
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def ask(url: str, values: dict[str, Any] | None = None, method: str = "POST") -> Any:
    """One WebDriver command."""
    data = json.dumps(values or {}).encode() if method == "POST" else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)["value"]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Runs a command of a WebDriver session."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or chromium is None:
        pytest.skip("chromedriver and chromium are not installed (Debian packages chromium, chromium-driver)")
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "started successfully on port" in line)
        base = f"http://127.0.0.1:{int(line.split()[-1].rstrip('.'))}/session"
        options = {"args": [*_FLAGS, f"--user-data-dir={tmp_path}"], "binary": chromium}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        session = f"{base}/{ask(base, wanted)['sessionId']}"
        yield lambda command, **values: ask(f"{session}/{command}", values, "POST" if values else "GET")
        ask(session, method="DELETE")
    finally:
        process.kill()
        process.wait()


def text_of(browser: Browser, expression: str) -> Any:
    return browser("execute/sync", script=f"return {expression}", args=[])


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1200, "dark")])
def test_a_browser_shows_what_is_heard(browser: Browser, width: int, scheme: str, tmp_path: Path) -> None:
    sensor = a_sensor(labels=("car <b>horn</b>", "dog", "a label that is longer than any screen " * 3))
    tally = Tally(sensor)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    for command, params in (
        ("Emulation.setEmulatedMedia", {"features": [feature]}),
        ("Emulation.setDeviceMetricsOverride", size),
    ):
        browser("goog/cdp/execute", cmd=command, params=params)
    with Page(sensor, tally, 0) as page:
        for sequence in range(30):
            window = a_window(sequence, sensor=sensor)
            tally.add(window)
            page.show(window)
        browser("url", url=page.url)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "30 windows" not in text_of(browser, "document.getElementById('state').textContent"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert text_of(browser, "document.getElementById('laeq').textContent") == "-30.0"
        rows = text_of(browser, "[...document.querySelectorAll('.label')].map(row => row.innerText)")
        assert rows[0].startswith("car <b>horn</b>") and rows[1].splitlines() == ["dog", "89 %"]
        assert text_of(browser, "document.querySelectorAll('.label.on').length") == 1
        assert text_of(browser, "document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        newest = "document.querySelector('canvas').getContext('2d').getImageData(59, 0, 1, 64).data"
        assert len(set(text_of(browser, f"[...{newest}]"))) > 10, "no spectrogram is drawn"
        dark = text_of(browser, "getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")
        (tmp_path / "page.png").write_bytes(base64.b64decode(browser("screenshot")))
    while "has ended" not in text_of(browser, "document.getElementById('state').textContent"):
        assert time.monotonic() < deadline + PATIENCE_SECONDS
        time.sleep(0.1)
