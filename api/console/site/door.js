// The only way to the gateway. Each call carries the key; what may cost carries a name under which
// it happens once, however often the line breaks.

const KEPT = "cuesmith.key";
const TRIES = 5;
const LONGEST_PAUSE_S = 30;

/** The gateway said no; `problem` is its body (RFC 9457). */
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title);
    this.status = status;
    this.problem = problem;
  }
}

/** The key in use, or null. */
export function key() {
  return sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT);
}

/** Use this key from now on: in this tab, or, where it shall stay, in this browser. What other tabs
 * work with stays theirs. */
export function keep(secret, { stay = false } = {}) {
  if (stay) sessionStorage.removeItem(KEPT);
  (stay ? localStorage : sessionStorage).setItem(KEPT, secret);
}

/** Know no key any more. */
export function forget() {
  sessionStorage.removeItem(KEPT);
  localStorage.removeItem(KEPT);
}

/** The sandbox's key, where the gateway gives it to who sits at its machine. True when it did. */
export async function visit() {
  const answer = await fetch("/console/visit", { method: "POST", headers: { "Cuesmith-Console": "1" } });
  if (!answer.ok) return false;
  keep((await answer.json()).key);
  return true;
}

/** Call the gateway. The answer's JSON; null for none; the Response itself for other media types,
 * or where it is wanted `whole`. `wait`: seconds of `Prefer: wait`; `type`: the media type of a body
 * that is no JSON and goes as it is; `name`: the Idempotency-Key, where more than one call shall
 * have it; `as`: a key that is not in use yet. Throws `Refusal`, a TypeError where nobody answers,
 * and what `signal` aborts with. */
export async function call(method, path, options = {}) {
  const { body, type, signal, idempotent = method !== "GET", accept, wait, whole, name, as = key() } = options;
  const headers = { Authorization: `Bearer ${as}`, Accept: accept ?? "application/json" };
  if (idempotent) headers["Idempotency-Key"] = name ?? someName();
  if (wait) headers.Prefer = `wait=${wait}`;
  if (body !== undefined) headers["Content-Type"] = type ?? "application/json";
  const request = { method, headers, signal, cache: "no-store",
    body: body === undefined || type ? body : JSON.stringify(body) };
  const answer = await persistently(path, request, idempotent || method === "GET");
  if (!answer.ok) throw await refusal(answer);
  if (whole) return answer;
  if (answer.status === 204) return null;
  const json = /^application\/(problem\+)?json\b/.test(answer.headers.get("Content-Type") ?? "");
  return json ? answer.json() : answer;
}

/** A file's bytes. */
export async function file(path, { signal } = {}) {
  const answer = await call("GET", path, { accept: "*/*", signal });
  return answer instanceof Response ? answer.blob() : new Blob([JSON.stringify(answer)]);
}

async function persistently(path, request, mayRepeat) {
  for (let tried = 1; ; tried += 1) {
    const last = tried === TRIES || !mayRepeat;
    try {
      const answer = await fetch(path, request);
      const pause = pauseOf(answer, tried);
      if (last || pause === null) return answer;
      await rest(pause, request.signal);
    } catch (error) {
      if (last || !(error instanceof TypeError)) throw error;
      await rest(growing(tried), request.signal);
    }
  }
}

/** Seconds after which the same request may pass; null where it will not, or not soon. */
function pauseOf(answer, tried) {
  // 409 with a time to wait: the same request, sent before the line broke, is still being answered.
  const passes = answer.status === 409 && answer.headers.has("Retry-After");
  if (!passes && answer.status !== 429 && answer.status !== 503) return null;
  const asked = Number(answer.headers.get("Retry-After") ?? NaN);
  const pause = Number.isFinite(asked) ? asked : growing(tried);
  return pause <= LONGEST_PAUSE_S ? pause : null;
}

/** 0.5, 1, 2 … seconds, each up to a half longer, so that many do not come back at once. */
export function growing(tried) {
  return Math.min(LONGEST_PAUSE_S, 0.5 * 2 ** (tried - 1)) * (1 + Math.random() / 2);
}

/** Wait so many seconds, or until aborted. */
export function rest(seconds, signal) {
  return new Promise((done, fail) => {
    signal?.throwIfAborted();
    const stop = () => { clearTimeout(timer); fail(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); done(); },
      seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => null);
  return new Refusal(answer.status, problem ?? { title: `HTTP ${answer.status}`, detail: answer.statusText });
}

/** A name that nothing else has. Browsers keep `randomUUID` from pages that came over plain HTTP
 * from another machine. */
export function someName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, "0")).join("");
}
