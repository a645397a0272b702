// Listening to a brief as it is made: server-sent events over fetch, because EventSource can carry
// no key. A stream that breaks is taken up again where it broke.

import { growing, key, Refusal, rest } from "./door.js";

/** The gateway says something every 15 seconds; who hears nothing for so long has lost it. */
const SILENCE_MS = 40_000;

/** Hear events until their subject has ended. `each({id, kind, facts})` is called for every one,
 * in order and once; `state("open" | "lost")` when the line comes and goes. Resolves when all was
 * told; throws `Refusal` where the gateway will not tell, and what `signal` aborts with. */
export async function hear(path, { signal, each, state = () => {} }) {
  let last = null;
  for (let tried = 0; ; tried += 1) {
    try {
      const answer = await open(path, last, signal);
      if (answer.status === 204) return;
      state("open");
      for await (const event of events(answer, signal)) {
        tried = 0;
        if (event.id !== null) last = event.id;
        each(event);
        if (event.kind.endsWith(".ended")) return;
      }
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof Refusal) throw error;
    }
    state("lost");
    await restedOrOnline(rest(Math.min(15, growing(tried + 1)), signal));
  }
}

async function open(path, last, signal) {
  const headers = { Authorization: `Bearer ${key()}`, Accept: "text/event-stream" };
  if (last !== null) headers["Last-Event-ID"] = last;
  const answer = await fetch(path, { headers, signal, cache: "no-store" });
  if (answer.ok) return answer;
  const passes = answer.status === 429 || answer.status >= 500;
  if (passes) throw new Error(`HTTP ${answer.status}`);
  throw new Refusal(answer.status, await answer.json());
}

async function* events(answer, signal) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await within(reader.read(), signal);
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = parsed(block);
        if (event !== null) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** What is read, if it comes while somebody may still be there. */
function within(reading, signal) {
  return new Promise((done, fail) => {
    const lost = () => fail(new Error("nothing is heard any more"));
    const timer = setTimeout(lost, SILENCE_MS);
    const aborted = () => fail(signal.reason);
    window.addEventListener("offline", lost, { once: true });
    signal?.addEventListener("abort", aborted, { once: true });
    reading.then(done, fail).finally(() => {
      clearTimeout(timer);
      window.removeEventListener("offline", lost);
      signal?.removeEventListener("abort", aborted);
    });
  });
}

function parsed(block) {
  const event = { id: null, kind: "message", facts: null };
  for (const line of block.split("\n")) {
    const [name, said] = split(line);
    if (name === "id") event.id = said;
    if (name === "event") event.kind = said;
    if (name === "data") event.facts = JSON.parse(said);
  }
  return event.facts === null ? null : event;
}

function split(line) {
  const at = line.indexOf(":");
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).trimStart()];
}

/** When the rest is over, or the network is back before it. */
function restedOrOnline(resting) {
  return new Promise((done, fail) => {
    window.addEventListener("online", done, { once: true });
    resting.then(done, fail).finally(() => window.removeEventListener("online", done));
  });
}
