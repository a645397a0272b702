"""Lines of a log: each whole, in order, none lost, and those of one turn in one write."""

import asyncio
import io
import json
import subprocess
import sys
import threading
from typing import Any

from api import logs


class _Kept(io.BytesIO):
    """Keeps what was written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, some: Any, /) -> int:
        self.written.append(bytes(some))
        return len(some)


async def test_lines_of_one_turn_go_together_when_it_ends() -> None:
    stdout = _Kept()
    lines = logs.Lines(stdout)
    for number in range(3):
        lines.info(b"%d" % number)
    assert stdout.written == []
    await asyncio.sleep(0)
    assert stdout.written == [b"0\n1\n2\n"]
    lines.info(b"3")
    await asyncio.sleep(0)
    assert stdout.written == [b"0\n1\n2\n", b"3\n"]


async def test_a_fault_and_what_was_said_before_it_are_written_at_once() -> None:
    stdout = _Kept()
    lines = logs.Lines(stdout)
    lines.info(b"before")
    lines.error(b"a fault")
    assert b"".join(stdout.written) == b"before\na fault\n"
    await asyncio.sleep(0)
    assert b"".join(stdout.written) == b"before\na fault\n"


async def test_what_other_threads_say_is_written_at_once_and_whole() -> None:
    stdout = _Kept()
    lines = logs.Lines(stdout)
    threads = [
        threading.Thread(target=lambda: [lines.info(b"a" * 80) for _ in range(200)])
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        await asyncio.to_thread(one.join)
    written = b"".join(stdout.written)
    assert written.splitlines() == [b"a" * 80] * 800


def test_the_last_lines_are_written_also_where_the_loop_ends_with_them() -> None:
    said = "import asyncio, structlog\nfrom api import logs\nlogs.as_json()\n"
    said += "async def say():\n    structlog.get_logger().info('the.last', number=7)\n"
    said += "    asyncio.get_running_loop().stop()\n    await asyncio.sleep(9)\n"
    said += "loop = asyncio.new_event_loop()\nloop.create_task(say())\nloop.run_forever()\n"
    done = subprocess.run([sys.executable, "-c", said], stdout=subprocess.PIPE, check=True)
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["the.last"]


async def test_a_line_says_what_was_said_of_its_request_and_of_no_other() -> None:
    async def request(name: str) -> dict[str, str]:
        logs.begin(request_id=name)
        await asyncio.sleep(0)
        logs.also(account=f"acc_{name}")
        await asyncio.sleep(0)
        with logs.saying(trace=name):
            inner = logs.with_facts(None, "info", {"event": "inner"})
        assert inner == {"request_id": name, "account": f"acc_{name}", "trace": name,
                         "event": "inner"}  # fmt: skip
        return dict(logs.with_facts(None, "info", {"event": "request"}))

    told = await asyncio.gather(*(asyncio.create_task(request(name)) for name in "ab"))
    assert told == [
        {"request_id": name, "account": f"acc_{name}", "event": "request"} for name in "ab"
    ]
