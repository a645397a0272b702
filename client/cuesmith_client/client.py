"""Cuesmith for programs that wait for each answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Cuesmith:
    """One account's door. Use it in a ``with``, or `close` it; it may be shared by threads.

    ::

        with Cuesmith("https://api.example.com", key) as cuesmith:
            brief = cuesmith.send(prompt="warm lo-fi beat", duration_ms=60_000)
            best = brief.wait().candidates[0]
            license = cuesmith.pick(best.id)
            cuesmith.download(license.track, "master", Path("master.wav"))
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        patience: Patience = STEADY,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = httpx.Client(base_url=url, headers=headers(key), transport=transport)
        self._patience, self._sleep = patience, sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # --- asking ---

    def quote(self, **brief: Any) -> things.Quote:
        """The price of a brief; charges nothing."""
        return self._ask(calls.quote_of(brief))

    def plans(self, *, timeout_s: float = 120, **brief: Any) -> things.Plans:
        """What a brief would become: plans to read, edit and send back; charges nothing."""
        made = self._ask(calls.plans_of(brief))
        return self._ended(made, lambda wait: calls.plans(made.id, wait), timeout_s)

    def send(self, *, idempotency_key: str | None = None, **brief: Any) -> "Brief":
        """Set the tokens aside and have a brief made. A repeat under the same key is the same."""
        return Brief(self, self._ask(calls.send(brief, idempotency_key)))

    def quote_family(self, **family: Any) -> things.Quote:
        """The price of a family of cabin sounds; charges nothing."""
        return self._ask(calls.quote_of_family(family))

    def send_family(self, *, idempotency_key: str | None = None, **family: Any) -> "Brief":
        """Have a family of cabin sounds made; it is waited for and heard like a brief."""
        return Brief(self, self._ask(calls.send_family(family, idempotency_key)))

    def brief(self, named: str) -> "Brief":
        """A brief or a family that was sent before."""
        return Brief(self, self._ask(calls.brief(named)))

    def briefs(self, *, project: str | None = None) -> Iterator[things.BriefLine]:
        """All briefs, newest first."""
        cursor: str | None = None
        while True:
            page = self._ask(calls.briefs(100, cursor, project))
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    # --- hearing and licensing ---

    def candidate(self, named: str) -> things.Candidate:
        """A candidate with every constraint as it measures."""
        return self._ask(calls.candidate(named))

    def sheet(self, candidate: str) -> dict[str, Any]:
        """A candidate on one page, in seconds: bars, sections, chords, waveform and notes."""
        return self._ask(calls.sheet(candidate))

    def audition(
        self,
        candidate: str,
        to: Path,
        *,
        format: str = "mp3",  # noqa: A002
        function: str | None = None,
    ) -> Path:
        """A candidate's evaluation copy, written to a file; of a family one ``function``'s."""
        return self._fetch(calls.audition_path(candidate, format, function), to)

    def pick(
        self,
        candidate: str,
        asked: dict[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> things.License:
        """License a candidate; a repeat answers the same license. ``asked`` says what it shall
        grant where that is not what the brief said: territory, catalog_resale, exclusive, words."""
        return self._ask(calls.pick(candidate, idempotency_key, asked))

    def certificate(self, license: str, to: Path) -> Path:  # noqa: A002
        """A license's certificate, byte for byte as it was signed, written to a file."""
        return self._fetch(calls.certificate_path(license), to)

    def certificate_page(
        self,
        license: str,  # noqa: A002
        to: Path,
        *,
        language: str = "en",
    ) -> Path:
        """A license's certificate as a page to read and print, in English or Chinese ("zh")."""
        return self._fetch(calls.certificate_page_path(license, language), to)

    # --- tracks ---

    def track(self, named: str) -> things.Track:
        """A licensed track and its files."""
        return self._ask(calls.track(named))

    def tracks(self) -> Iterator[things.Track]:
        """All licensed tracks, newest first."""
        cursor: str | None = None
        while True:
            page = self._ask(calls.tracks(100, cursor))
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def download(self, track: str, name: str, to: Path) -> Path:
        """A file of a licensed track (``master``, ``midi``, ``stem.drums``), written to a file."""
        return self._fetch(calls.file_path(track, name), to)

    def package(self, track: str, profile: str, to: Path, *, timeout_s: float = 300) -> Path:
        """Everything an engine, a catalogue or a car takes, in one archive, written to a file."""
        return self._fetch(calls.package_path(track, profile), to, timeout_s)

    def render(self, track: str, *, timeout_s: float = 300, **order: Any) -> things.Rendition:
        """A licensed track in another shape or format, free of charge."""
        made = self._ask(calls.render(track, order))
        return self._ended(made, lambda wait: calls.rendition(made.id, wait), timeout_s)

    def download_rendition(self, file: things.RenditionFile, to: Path) -> Path:
        """A file of a rendition, written to a file."""
        return self._fetch(httpx.URL(file.url).raw_path.decode(), to)

    # --- catalogues ---

    def quote_batch(self, lines: Lines) -> catalogue.BatchQuote:
        """What a catalogue would cost: every line is looked at, nothing is held."""
        return self._ask(catalogue.quote(lines))

    def send_batch(
        self,
        lines: Lines,
        *,
        name: str | None = None,
        max_tokens: int | None = None,
        deadline_s: int | None = None,
        again: bool = False,
        idempotency_key: str | None = None,
    ) -> "Batch":
        """Have up to 10,000 briefs made, a file of JSON lines or one dict each: all, or none.

        The same lines are the same batch, however often they are sent, unless ``again``.
        """
        asked = {"name": name, "max_tokens": max_tokens, "deadline_s": deadline_s,
                 "again": "true" if again else None}  # fmt: skip
        return Batch(self, self._ask(catalogue.send(lines, asked, idempotency_key)))

    def batch(self, named: str) -> "Batch":
        """A batch that was sent before."""
        return Batch(self, self._ask(catalogue.view(named)))

    def batches(self) -> Iterator[catalogue.BatchItem]:
        """All batches, newest first."""
        cursor: str | None = None
        while True:
            page = self._ask(catalogue.page(100, cursor))
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    # --- money ---

    def balance(self) -> things.Balance:
        """The account's tokens."""
        return self._ask(calls.balance()).balance

    def top_up(self, tokens: int, currency: str = "usd") -> things.TopUp:
        """Buy a pack of tokens; pay at its ``checkout_url``."""
        made = self._ask(calls.top_up(tokens, currency))
        while made.checkout_url is None and not made.ended:
            self._sleep(0.5)
            made = self._ask(calls.topup(made.id))
        return made

    # --- how ---

    def _ask(self, call: Call[T]) -> T:
        return self._tried(lambda: self._exchange(call))

    def _exchange(self, call: Call[T]) -> T:
        try:
            answer = self._http.request(**request_of(call))
        except httpx.TransportError as error:
            raise failure_of(error) from error
        return value_of(call, answer)

    def _tried(self, attempt: Callable[[], T]) -> T:
        """What an attempt gives, after as many as patience allows."""
        tried = 0
        while True:
            try:
                return attempt()
            except CuesmithError as error:
                tried += 1
                if (pause := self._patience.pause(tried, error)) is None:
                    raise
                self._sleep(pause)

    def _ended(self, thing: E, call: Callable[[float], Call[E]], timeout_s: float) -> E:
        """A thing as it ends; as it stands when the time is up."""
        until = time.monotonic() + timeout_s
        while not thing.ended and (left := until - time.monotonic()) > 0:
            thing = self._ask(call(min(max(left, 1), LONGEST_WAIT_S)))
        return thing

    def _fetch(self, path: str, to: Path, timeout_s: float = 0) -> Path:
        """What is at a path, written whole or not at all; waits while it is being made."""
        until = time.monotonic() + timeout_s
        while not self._tried(lambda: self._streamed(path, to)):
            if time.monotonic() > until:
                raise TimeoutError(f"{path} is not made after {timeout_s:g} s")
        return to

    def _streamed(self, path: str, to: Path) -> bool:
        """Whether the file was there; 202 says that it is being made."""
        try:
            with self._http.stream("GET", path, timeout=LONGEST_WAIT_S + TIMEOUT_S) as answer:
                if answer.status_code == 202:
                    return False
                if not answer.is_success:
                    answer.read()
                    raise refusal_of(answer)
                with whole(to) as out:
                    for chunk in answer.iter_bytes():
                        out.write(chunk)
                return True
        except httpx.TransportError as error:
            raise failure_of(error) from error

    @contextmanager
    def _listening(self, brief: str, after: str) -> Iterator[Iterator[str] | None]:
        """A brief's lines after the event with that id; None when there are no more."""
        asked = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
        path = calls.events_path(brief)
        try:
            with self._http.stream("GET", path, headers=asked, timeout=60) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal_of(answer)
                yield None if answer.status_code == 204 else answer.iter_lines()
        except httpx.TransportError as error:
            raise failure_of(error) from error

    def _events(self, brief: str, after: str) -> Iterator[Event]:
        reader, tried = Reader(), 0
        reader.last_id = after
        while True:
            try:
                with self._listening(brief, reader.last_id) as lines:
                    if lines is None:
                        return
                    for event in reader.read(lines):
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
                self._sleep(pause)


class Brief:
    """A brief that was sent. ``view`` is how it stood when it was last read."""

    def __init__(self, cuesmith: Cuesmith, view: things.Brief) -> None:
        self._cuesmith, self.view = cuesmith, view

    @property
    def id(self) -> str:
        """The brief's id."""
        return self.view.id

    @property
    def candidates(self) -> tuple[things.CandidateLine, ...]:
        """The candidates there were when it was last read, best first."""
        return self.view.candidates

    def read(self) -> "Brief":
        """Read it again."""
        self.view = self._cuesmith._ask(calls.brief(self.id))
        return self

    def wait(self, timeout_s: float = 600) -> "Brief":
        """Wait until it has ended, or until the time is up."""
        self.view = self._cuesmith._ended(
            self.view, lambda wait: calls.brief(self.id, wait), timeout_s
        )
        return self

    def events(self, after: str = "") -> Iterator[Event]:
        """What happens to it, from the beginning or after an event's id, until it has ended.

        While takes are written `bars.written` says how far each is, `stage` what is done with them
        and for how long; `candidate.ready` says what can be heard.

        A connection that breaks is taken up again where it broke off.
        """
        return self._cuesmith._events(self.id, after)

    def cancel(self) -> "Brief":
        """Stop it; what was delivered stays, the rest is given back."""
        self.view = self._cuesmith._ask(calls.cancel(self.id))
        return self


class Batch:
    """A catalogue run. ``view`` is how it stood when it was last read."""

    def __init__(self, cuesmith: Cuesmith, view: catalogue.BatchView) -> None:
        self._cuesmith, self.view = cuesmith, view

    @property
    def id(self) -> str:
        """The batch's id."""
        return self.view.id

    def read(self) -> "Batch":
        """Read it again."""
        self.view = self._cuesmith._ask(catalogue.view(self.id))
        return self

    def progress(self, every_s: float = 5) -> Iterator[catalogue.BatchView]:
        """How it stands, again and again until it has ended."""
        while True:
            yield self.read().view
            if self.view.ended:
                return
            self._cuesmith._sleep(every_s)

    def wait(self, timeout_s: float = 86_400, every_s: float = 5) -> "Batch":
        """Wait until all of it has ended, or until the time is up."""
        until = time.monotonic() + timeout_s
        for _ in self.progress(every_s):
            if time.monotonic() > until:
                break
        return self

    def results(self, status: str | None = None) -> Iterator[catalogue.Result]:
        """What has become of every line, in order; also while others are still made."""
        cursor: str | None = None
        while True:
            page = self._cuesmith._ask(catalogue.results(self.id, status, cursor))
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return

    def pick_best(self, *, rating_min: float = 0) -> Iterator[catalogue.Pick]:
        """License the best candidate of every line that has ended, unless one of its is already.

        Raises `NotPaid` where the tokens do not reach for any more; asked again later, it goes on.
        """
        last = max((one.line for one in self.results()), default=0)
        for first in range(1, last + 1, catalogue.PICKS_AT_ONCE):
            stopped = True
            while stopped:
                made = self._cuesmith._ask(catalogue.picks(self.id, first, rating_min))
                yield from (one for one in made.picks if one.new)
                stopped = made.stopped is not None

    def cancel(self) -> "Batch":
        """Stop it; what was delivered stays, the rest is given back."""
        self.view = self._cuesmith._ask(catalogue.cancel(self.id))
        return self

    def statement(self, to: Path, *, format: str = "csv") -> Path:  # noqa: A002
        """What it has cost, line by line, written to a file: ``csv`` or ``jsonl``."""
        return self._cuesmith._fetch(catalogue.statement_path(self.id, format), to)

    def package(self, to: Path, *, files: str = "masters") -> Path:
        """All that is licensed of it, with certificates and a list, written to one archive."""
        return self._cuesmith._fetch(catalogue.package_path(self.id, files), to)
