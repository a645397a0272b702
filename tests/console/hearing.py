"""Hearing what a page plays: every frame that reaches the loudspeaker, and every source that began.

A page is opened with a tap before the loudspeaker. What the tap hears is compared with the decoded
files themselves, so a test measures what a client would hear and not what the page believes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page

from tests.console.conftest import Bench, Faults, until

_HOOKS = """
(() => {
  const connect = AudioNode.prototype.connect;
  const start = AudioBufferSourceNode.prototype.start;
  const ear = { chunks: [], started: [], pressed: [], context: null };
  window.ear = ear;
  const code = `registerProcessor("tap", class extends AudioWorkletProcessor {
  process([heard]) {
    const first = heard[0];
    if (first) this.port.postMessage({ frame: currentFrame, samples: first.slice() });
    return true;
  }
});`;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode && to.context instanceof AudioContext) listen(this);
    return connect.call(this, to, ...more);
  };
  AudioBufferSourceNode.prototype.start = function (when, offset) {
    const rate = this.context.sampleRate;
    ear.started.push({ source: this, buffer: this.buffer, frame: Math.round(when * rate),
      place: Math.round(offset * rate) });
    return start.call(this, when, offset);
  };
  async function listen(node) {
    const { context } = node;
    const module = new Blob([code], { type: "text/javascript" });
    await context.audioWorklet.addModule(URL.createObjectURL(module));
    const tap = new AudioWorkletNode(context, "tap");
    tap.port.onmessage = ({ data }) => ear.chunks.push(data);
    connect.call(connect.call(node, tap), context.destination);
    ear.context = context;
  }
  // Before the page's own listeners: the frame that is made next when a key goes down.
  addEventListener("keydown", (event) => ear.pressed.push({ key: event.key,
    frame: Math.round(ear.context.currentTime * ear.context.sampleRate) }), true);

  /** What was heard from a frame on, as far as it is there. */
  ear.heard = (from, count) => {
    const out = new Float32Array(count);
    for (const { frame, samples } of ear.chunks) {
      for (let at = 0; at < samples.length; at += 1) {
        const to = frame + at - from;
        if (to >= 0 && to < count) out[to] = samples[at];
      }
    }
    return out;
  };
  /** The last frame that was heard. */
  ear.last = () => Math.max(-1, ...ear.chunks.map((one) => one.frame + one.samples.length - 1));
  /** What a source has at a frame of the context; looped over its whole length. */
  ear.file = (one, frame) => {
    const samples = one.buffer.getChannelData(0);
    return samples[(one.place + frame - one.frame) % samples.length];
  };
  /** The gain that brings a source to what is heard, and the loudest that then is left. */
  ear.fit = (one, from, count) => {
    const heard = ear.heard(from, count);
    let [both, own] = [0, 0];
    for (let at = 0; at < count; at += 1) {
      const file = ear.file(one, from + at);
      both += heard[at] * file;
      own += file * file;
    }
    const gain = own ? both / own : 0;
    let left = 0;
    for (let at = 0; at < count; at += 1) {
      left = Math.max(left, Math.abs(heard[at] - gain * ear.file(one, from + at)));
    }
    return { gain, left };
  };
})();
"""


@contextmanager
def listening(browser: Browser, bench: Bench, faults: Faults, hash_: str) -> Iterator[Page]:
    """A page of the console with a tap before its loudspeaker. The tap's module is a blob, so here
    alone the page's content security policy is set aside."""
    with browser.new_context(
        viewport={"width": 1440, "height": 900}, reduced_motion="reduce", bypass_csp=True
    ) as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        faults.watch(page, bench.url)
        page.add_init_script(_HOOKS)
        page.goto(f"{bench.url}/console{hash_}")
        page.wait_for_selector("main:not([aria-busy]) h1")
        yield page


def heard(page: Page, frames: int) -> int:
    """Wait until so many further frames were heard; the frame from which they are."""
    # What the tap has told may lag behind what sounds, so the context's own time counts.
    first = page.evaluate("Math.round(ear.context.currentTime * ear.context.sampleRate)")
    reach(page, "([first, frames]) => ear.last() > first + frames", [first, frames])
    return int(first) + 1


def reach(page: Page, script: str, arg: Any = None) -> None:
    """Wait until a script in the page answers true. Playwright's own way of waiting compiles
    strings in the page, which its content security policy forbids."""
    until(lambda: page.evaluate(script, arg), 30)


def measure(page: Page, script: str, arg: Any = None) -> Any:
    """What a script in the page measures; ``ear`` is at hand."""
    return page.evaluate(script, arg)
