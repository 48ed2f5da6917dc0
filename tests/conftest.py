"""What all tests share: the scale of the counts, and where the real inputs lie."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Timings never decide a test: a busy machine is no reason to fail.
settings.register_profile("skb", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("skb")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real inputs beside the checkout; tests that need it skip where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip(f"real inputs are not here: {folder}")
    return folder


@pytest.fixture(scope="session")
def full_scale() -> bool:
    """True under `make test-all`: counts such as 1,000 run whole, else about a fiftieth."""
    return os.environ.get("SKB_TEST_SCALE") == "full"
