"""What the processor asks of Stripe: found in its source, and seen on its way out."""

import ast
import re
import sys
from pathlib import Path

import httpx
from msgspec import Struct

FOLDER = Path(__file__).resolve().parents[3] / "billing" / "processor"
WITHOUT_PARAMETERS = ("/v2/billing/meter_event_session",)
_RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Site(Struct, frozen=True, order=True):
    """A call of Stripe's client: the file, its lines, and the method's path."""

    file: str
    first: int
    last: int
    method: str


class Seen(Struct, frozen=True, kw_only=True):
    """A request that left a call site, and how it was answered."""

    site: Site | None
    method: str
    path: str
    body: str
    key: str | None
    status: int

    @property
    def random_key(self) -> bool:
        """Whether the library made the idempotency key up: a second process would make another."""
        return self.key is None or _RANDOM.search(self.key) is not None


def sites() -> list[Site]:
    """Every call of an asynchronous method of Stripe's client in the processor."""
    return sorted(
        Site(file.name, node.lineno, node.end_lineno or node.lineno, _dotted(node.func))
        for file in sorted(FOLDER.glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr.endswith("_async") and ".v" in _dotted(node.func)
    )  # fmt: skip


class Witness(httpx.AsyncBaseTransport):
    """Passes requests on and remembers which call site each came from."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, misspell: bool = False) -> None:
        self._inner, self._misspell, self._sites = inner, misspell, sites()
        self.seen: list[Seen] = []
        self.let_through: list[str] = []
        """Misspelt requests that were not refused."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, and before it the same with a misspelt parameter if that is asked for."""
        body = (await request.aread()).decode()
        site = self._site()
        if self._misspell and request.method == "POST":
            await self._try_misspelt(request, body)
        answer = await self._inner.handle_async_request(request)
        self.seen.append(
            Seen(site=site, method=request.method, path=request.url.path, body=body,
                 key=request.headers.get("idempotency-key"), status=answer.status_code)
        )  # fmt: skip
        return answer

    async def _try_misspelt(self, request: httpx.Request, body: str) -> None:
        name = re.search(r"[a-z_]+", body)  # of a form or of JSON
        if name is None:
            return  # there is nothing to misspell
        wrong = f"{body[: name.start()]}{name[0][:-1]}x{body[name.end() :]}"
        headers = [
            (key, value) for key, value in request.headers.items()
            if key not in ("content-length", "idempotency-key")
        ]  # fmt: skip
        answer = await self._inner.handle_async_request(
            httpx.Request(request.method, request.url, headers=headers, content=wrong)
        )
        if answer.status_code != 400:
            self.let_through.append(f"{request.url.path} {wrong}")

    def _site(self) -> Site | None:
        """The nearest line of the processor above us on the stack of awaiting coroutines."""
        frame = sys._getframe()
        while frame is not None:
            file = Path(frame.f_code.co_filename)
            if file.parent == FOLDER:
                for one in self._sites:
                    if one.file == file.name and one.first <= frame.f_lineno <= one.last:
                        return one
            frame = frame.f_back
        return None


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"
