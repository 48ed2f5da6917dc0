"""The pages in a real browser, cut off from everything but loopback."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
OFFLINE = ("--disable-component-update", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, full_scale: bool) -> Iterator[str]:
    if CHROMIUM is None or not full_scale:
        pytest.skip("needs Debian's chromium, and `make test-all`")
    skb = str(Path(sys.executable).with_name("skb"))
    store = f"sqlite:///{tmp_path_factory.mktemp('store')}/skb.sqlite"
    environment = {**os.environ, "SKB_DATABASE_URL": store}
    subprocess.run([skb, "load", "amd-4x4"], env=environment, check=True, capture_output=True)
    command = [skb, "serve", "--port", "0"]
    service = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert service.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", service.stdout.readline())
        assert found is not None
        yield found.group()
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(timeout=10)
        service.stdout.close()


def dom(url: str, profile: Path) -> str:
    """What the browser made of a page."""
    assert CHROMIUM is not None
    command = [CHROMIUM, *QUIET, *OFFLINE, f"--user-data-dir={profile}", "--dump-dom", url]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_list_leads_to_the_machine(address: str, tmp_path: Path) -> None:
    assert 'href="/machines/amd-4x4"' in dom(f"{address}/", tmp_path)


def test_the_machine_is_drawn_with_both_numbers_of_each_core(address: str, tmp_path: Path) -> None:
    page = dom(f"{address}/machines/amd-4x4", tmp_path)
    assert page.count("<svg") >= 1
    assert len(set(re.findall(r"OS (\d+)", page))) == 16
