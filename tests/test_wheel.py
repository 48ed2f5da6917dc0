"""The wheel: what it holds, and that it works where the checkout is not."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {"skb", "planner", "kernelsim", "experiments", "api", "facts"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_rooms_with_their_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == ROOMS
    assert any(name.startswith("facts/machines/") and name.endswith(".facts") for name in names)
    assert any(name.startswith("skb/store/migrations/") for name in names)
    assert any(name.startswith("skb/library/") and name.endswith(".rules") for name in names)


def test_an_installed_wheel_loads_a_bundled_machine_and_answers(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)  # what an installer does with a wheel of plain Python
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    program = (
        f"import sys; sys.path[:0] = [{str(site)!r}, {dependencies!r}]\n"
        "import facts, skb\n"
        f"assert facts.__file__.startswith({str(site)!r}), facts.__file__\n"
        "kb = skb.load(facts.read('amd-4x4'))\n"
        "print(len(kb.ask('core(C, P)').rows))\n"
    )
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert answer.stdout.strip() == "16", answer.stderr
