"""Cuesmith for programs that do other things meanwhile: `cuesmith_client.client`, awaited."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from cuesmith_client import calls, catalogue, things
from cuesmith_client.calls import LONGEST_WAIT_S, Call
from cuesmith_client.catalogue import Lines
from cuesmith_client.errors import CuesmithError, TooMuch, Unreachable
from cuesmith_client.events import ENDED, Event, Reader
from cuesmith_client.exchange import (
    TIMEOUT_S,
    failure_of,
    headers,
    refusal_of,
    request_of,
    value_of,
)
from cuesmith_client.patience import STEADY, Patience
from cuesmith_client.whole import whole

T = TypeVar("T")
E = TypeVar("E", things.Brief, things.Rendition, things.Plans)


class AsyncCuesmith:
    """One account's door, for one event loop. Use it in an ``async with``, or `close` it."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        patience: Patience = STEADY,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=headers(key), transport=transport)
        self._patience, self._sleep = patience, sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # --- asking ---

    async def quote(self, **brief: Any) -> things.Quote:
        """The price of a brief; charges nothing."""
        return await self._ask(calls.quote_of(brief))

    async def plans(self, *, timeout_s: float = 120, **brief: Any) -> things.Plans:
        """What a brief would become: plans to read, edit and send back; charges nothing."""
        made = await self._ask(calls.plans_of(brief))
        return await self._ended(made, lambda wait: calls.plans(made.id, wait), timeout_s)

    async def send(self, *, idempotency_key: str | None = None, **brief: Any) -> "AsyncBrief":
        """Set the tokens aside and have a brief made. A repeat under the same key is the same."""
        return AsyncBrief(self, await self._ask(calls.send(brief, idempotency_key)))

    async def quote_family(self, **family: Any) -> things.Quote:
        """The price of a family of cabin sounds; charges nothing."""
        return await self._ask(calls.quote_of_family(family))

    async def send_family(
        self, *, idempotency_key: str | None = None, **family: Any
    ) -> "AsyncBrief":
        """Have a family of cabin sounds made; it is waited for and heard like a brief."""
        return AsyncBrief(self, await self._ask(calls.send_family(family, idempotency_key)))

    async def brief(self, named: str) -> "AsyncBrief":
        """A brief or a family that was sent before."""
        return AsyncBrief(self, await self._ask(calls.brief(named)))

    async def briefs(self, *, project: str | None = None) -> AsyncIterator[things.BriefLine]:
        """All briefs, newest first."""
        cursor: str | None = None
        while True:
            page = await self._ask(calls.briefs(100, cursor, project))
            for item in page.items:
                yield item
            if (cursor := page.next_cursor) is None:
                return

    # --- hearing and licensing ---

    async def candidate(self, named: str) -> things.Candidate:
        """A candidate with every constraint as it measures."""
        return await self._ask(calls.candidate(named))

    async def sheet(self, candidate: str) -> dict[str, Any]:
        """A candidate on one page, in seconds: bars, sections, chords, waveform and notes."""
        return await self._ask(calls.sheet(candidate))

    async def audition(
        self,
        candidate: str,
        to: Path,
        *,
        format: str = "mp3",  # noqa: A002
        function: str | None = None,
    ) -> Path:
        """A candidate's evaluation copy, written to a file; of a family one ``function``'s."""
        return await self._fetch(calls.audition_path(candidate, format, function), to)

    async def pick(
        self,
        candidate: str,
        asked: dict[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> things.License:
        """License a candidate; a repeat answers the same license. ``asked`` says what it shall
        grant where that is not what the brief said: territory, catalog_resale, exclusive, words."""
        return await self._ask(calls.pick(candidate, idempotency_key, asked))

    async def certificate(self, license: str, to: Path) -> Path:  # noqa: A002
        """A license's certificate, byte for byte as it was signed, written to a file."""
        return await self._fetch(calls.certificate_path(license), to)

    async def certificate_page(
        self,
        license: str,  # noqa: A002
        to: Path,
        *,
        language: str = "en",
    ) -> Path:
        """A license's certificate as a page to read and print, in English or Chinese ("zh")."""
        return await self._fetch(calls.certificate_page_path(license, language), to)

    # --- tracks ---

    async def track(self, named: str) -> things.Track:
        """A licensed track and its files."""
        return await self._ask(calls.track(named))

    async def tracks(self) -> AsyncIterator[things.Track]:
        """All licensed tracks, newest first."""
        cursor: str | None = None
        while True:
            page = await self._ask(calls.tracks(100, cursor))
            for item in page.items:
                yield item
            if (cursor := page.next_cursor) is None:
                return

    async def download(self, track: str, name: str, to: Path) -> Path:
        """A file of a licensed track (``master``, ``midi``, ``stem.drums``), written to a file."""
        return await self._fetch(calls.file_path(track, name), to)

    async def package(self, track: str, profile: str, to: Path, *, timeout_s: float = 300) -> Path:
        """Everything an engine, a catalogue or a car takes, in one archive, written to a file."""
        return await self._fetch(calls.package_path(track, profile), to, timeout_s)

    async def render(self, track: str, *, timeout_s: float = 300, **order: Any) -> things.Rendition:
        """A licensed track in another shape or format, free of charge."""
        made = await self._ask(calls.render(track, order))
        return await self._ended(made, lambda wait: calls.rendition(made.id, wait), timeout_s)

    async def download_rendition(self, file: things.RenditionFile, to: Path) -> Path:
        """A file of a rendition, written to a file."""
        return await self._fetch(httpx.URL(file.url).raw_path.decode(), to)

    # --- catalogues ---

    async def quote_batch(self, lines: Lines) -> catalogue.BatchQuote:
        """What a catalogue would cost: every line is looked at, nothing is held."""
        return await self._ask(catalogue.quote(lines))

    async def send_batch(
        self,
        lines: Lines,
        *,
        name: str | None = None,
        max_tokens: int | None = None,
        deadline_s: int | None = None,
        again: bool = False,
        idempotency_key: str | None = None,
    ) -> "AsyncBatch":
        """Have up to 10,000 briefs made, a file of JSON lines or one dict each: all, or none.

        The same lines are the same batch, however often they are sent, unless ``again``.
        """
        asked = {"name": name, "max_tokens": max_tokens, "deadline_s": deadline_s,
                 "again": "true" if again else None}  # fmt: skip
        return AsyncBatch(self, await self._ask(catalogue.send(lines, asked, idempotency_key)))

    async def batch(self, named: str) -> "AsyncBatch":
        """A batch that was sent before."""
        return AsyncBatch(self, await self._ask(catalogue.view(named)))

    async def batches(self) -> AsyncIterator[catalogue.BatchItem]:
        """All batches, newest first."""
        cursor: str | None = None
        while True:
            page = await self._ask(catalogue.page(100, cursor))
            for item in page.items:
                yield item
            if (cursor := page.next_cursor) is None:
                return

    # --- money ---

    async def balance(self) -> things.Balance:
        """The account's tokens."""
        return (await self._ask(calls.balance())).balance

    async def top_up(self, tokens: int, currency: str = "usd") -> things.TopUp:
        """Buy a pack of tokens; pay at its ``checkout_url``."""
        made = await self._ask(calls.top_up(tokens, currency))
        while made.checkout_url is None and not made.ended:
            await self._sleep(0.5)
            made = await self._ask(calls.topup(made.id))
        return made

    # --- how ---

    async def _ask(self, call: Call[T]) -> T:
        return await self._tried(lambda: self._exchange(call))

    async def _exchange(self, call: Call[T]) -> T:
        try:
            answer = await self._http.request(**request_of(call))
        except httpx.TransportError as error:
            raise failure_of(error) from error
        return value_of(call, answer)

    async def _tried(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What an attempt gives, after as many as patience allows."""
        tried = 0
        while True:
            try:
                return await attempt()
            except CuesmithError as error:
                tried += 1
                if (pause := self._patience.pause(tried, error)) is None:
                    raise
                await self._sleep(pause)

    async def _ended(self, thing: E, call: Callable[[float], Call[E]], timeout_s: float) -> E:
        """A thing as it ends; as it stands when the time is up."""
        until = time.monotonic() + timeout_s
        while not thing.ended and (left := until - time.monotonic()) > 0:
            thing = await self._ask(call(min(max(left, 1), LONGEST_WAIT_S)))
        return thing

    async def _fetch(self, path: str, to: Path, timeout_s: float = 0) -> Path:
        """What is at a path, written whole or not at all; waits while it is being made."""
        until = time.monotonic() + timeout_s
        while not await self._tried(lambda: self._streamed(path, to)):
            if time.monotonic() > until:
                raise TimeoutError(f"{path} is not made after {timeout_s:g} s")
        return to

    async def _streamed(self, path: str, to: Path) -> bool:
        """Whether the file was there; 202 says that it is being made."""
        try:
            async with self._http.stream("GET", path, timeout=LONGEST_WAIT_S + TIMEOUT_S) as answer:
                if answer.status_code == 202:
                    return False
                if not answer.is_success:
                    await answer.aread()
                    raise refusal_of(answer)
                with whole(to) as out:
                    async for chunk in answer.aiter_bytes():
                        out.write(chunk)
                return True
        except httpx.TransportError as error:
            raise failure_of(error) from error

    @asynccontextmanager
    async def _listening(self, brief: str, after: str) -> AsyncIterator[AsyncIterator[str] | None]:
        """A brief's lines after the event with that id; None when there are no more."""
        asked = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
        path = calls.events_path(brief)
        try:
            async with self._http.stream("GET", path, headers=asked, timeout=60) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise refusal_of(answer)
                yield None if answer.status_code == 204 else answer.aiter_lines()
        except httpx.TransportError as error:
            raise failure_of(error) from error

    async def _events(self, brief: str, after: str) -> AsyncIterator[Event]:
        reader, tried = Reader(), 0
        reader.last_id = after
        while True:
            try:
                async with self._listening(brief, reader.last_id) as lines:
                    if lines is None:
                        return
                    async for line in lines:
                        if (event := reader.feed(line)) is None:
                            continue
                        tried = 0
                        yield event
                        if event.type in ENDED:
                            return
                raise Unreachable("the stream ended before the brief did")
            except (Unreachable, TooMuch) as error:
                reader.forget()
                tried += 1
                if (pause := self._patience.pause(tried, error)) is None:
                    raise
                await self._sleep(pause)


class AsyncBrief:
    """A brief that was sent. ``view`` is how it stood when it was last read."""

    def __init__(self, cuesmith: AsyncCuesmith, view: things.Brief) -> None:
        self._cuesmith, self.view = cuesmith, view

    @property
    def id(self) -> str:
        """The brief's id."""
        return self.view.id

    @property
    def candidates(self) -> tuple[things.CandidateLine, ...]:
        """The candidates there were when it was last read, best first."""
        return self.view.candidates

    async def read(self) -> "AsyncBrief":
        """Read it again."""
        self.view = await self._cuesmith._ask(calls.brief(self.id))
        return self

    async def wait(self, timeout_s: float = 600) -> "AsyncBrief":
        """Wait until it has ended, or until the time is up."""
        self.view = await self._cuesmith._ended(
            self.view, lambda wait: calls.brief(self.id, wait), timeout_s
        )
        return self

    def events(self, after: str = "") -> AsyncIterator[Event]:
        """What happens to it, from the beginning or after an event's id, until it has ended.

        While takes are written `bars.written` says how far each is, `stage` what is done with them
        and for how long; `candidate.ready` says what can be heard.

        A connection that breaks is taken up again where it broke off.
        """
        return self._cuesmith._events(self.id, after)

    async def cancel(self) -> "AsyncBrief":
        """Stop it; what was delivered stays, the rest is given back."""
        self.view = await self._cuesmith._ask(calls.cancel(self.id))
        return self


class AsyncBatch:
    """A catalogue run. ``view`` is how it stood when it was last read."""

    def __init__(self, cuesmith: AsyncCuesmith, view: catalogue.BatchView) -> None:
        self._cuesmith, self.view = cuesmith, view

    @property
    def id(self) -> str:
        """The batch's id."""
        return self.view.id

    async def read(self) -> "AsyncBatch":
        """Read it again."""
        self.view = await self._cuesmith._ask(catalogue.view(self.id))
        return self

    async def progress(self, every_s: float = 5) -> AsyncIterator[catalogue.BatchView]:
        """How it stands, again and again until it has ended."""
        while True:
            yield (await self.read()).view
            if self.view.ended:
                return
            await self._cuesmith._sleep(every_s)

    async def wait(self, timeout_s: float = 86_400, every_s: float = 5) -> "AsyncBatch":
        """Wait until all of it has ended, or until the time is up."""
        until = time.monotonic() + timeout_s
        async for _ in self.progress(every_s):
            if time.monotonic() > until:
                break
        return self

    async def results(self, status: str | None = None) -> AsyncIterator[catalogue.Result]:
        """What has become of every line, in order; also while others are still made."""
        cursor: str | None = None
        while True:
            page = await self._cuesmith._ask(catalogue.results(self.id, status, cursor))
            for item in page.items:
                yield item
            if (cursor := page.next_cursor) is None:
                return

    async def pick_best(self, *, rating_min: float = 0) -> AsyncIterator[catalogue.Pick]:
        """License the best candidate of every line that has ended, unless one of its is already.

        Raises `NotPaid` where the tokens do not reach for any more; asked again later, it goes on.
        """
        last = max([one.line async for one in self.results()], default=0)
        for first in range(1, last + 1, catalogue.PICKS_AT_ONCE):
            stopped = True
            while stopped:
                made = await self._cuesmith._ask(catalogue.picks(self.id, first, rating_min))
                for one in made.picks:
                    if one.new:
                        yield one
                stopped = made.stopped is not None

    async def cancel(self) -> "AsyncBatch":
        """Stop it; what was delivered stays, the rest is given back."""
        self.view = await self._cuesmith._ask(catalogue.cancel(self.id))
        return self

    async def statement(self, to: Path, *, format: str = "csv") -> Path:  # noqa: A002
        """What it has cost, line by line, written to a file: ``csv`` or ``jsonl``."""
        return await self._cuesmith._fetch(catalogue.statement_path(self.id, format), to)

    async def package(self, to: Path, *, files: str = "masters") -> Path:
        """All that is licensed of it, with certificates and a list, written to one archive."""
        return await self._cuesmith._fetch(catalogue.package_path(self.id, files), to)
