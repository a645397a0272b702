"""What the serving processes have loaded while they serve."""

import signal
import subprocess
import sys

import pytest

from api.ports import any_port
from api.workbench import Workbench

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flow")]

_LISTED = """
import atexit, sys
atexit.register(lambda: print("loaded:", *sorted(sys.modules)))
from {module} import main
main({arguments!r})
"""


@pytest.mark.parametrize(
    ("part", "module", "arguments", "never", "surely"),
    [
        ("gateway", "api.cli", ["gateway", "--port"],
         {"torch", "onnxruntime", "numpy", "stripe"}, {"litestar"}),
        ("studio", "engine.__main__", ["studio"],
         {"torch", "stripe", "litestar"}, {"onnxruntime", "numpy"}),
        ("clerk", "api.cli", ["clerk"], {"torch", "onnxruntime", "numpy"}, {"stripe"}),
    ],
)  # fmt: skip
def test_a_process_holds_only_what_its_work_needs(
    house: Workbench, part: str, module: str, arguments: list[str], never: set[str],
    surely: set[str],
) -> None:  # fmt: skip
    given = [*arguments, str(any_port())] if arguments[-1] == "--port" else arguments
    child = subprocess.Popen(
        [sys.executable, "-c", _LISTED.format(module=module, arguments=given)],
        env=house.parts[part].environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert child.stdout is not None
    lines = iter(child.stdout)
    ready = next(line for line in lines if f"{part}.ready" in line)
    assert ready
    child.send_signal(signal.SIGTERM)
    loaded = next(line for line in lines if line.startswith("loaded: ")).split()
    assert child.wait(20) == 0
    assert not never & set(loaded)
    assert surely <= set(loaded)
