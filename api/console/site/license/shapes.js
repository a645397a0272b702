// Renditions: the track in another shape, ordered here and watched until it is there.

import { call } from "../door.js";
import { announce, field, h, problem, replace } from "../elements.js";
import { say, when } from "../words.js";
import { row } from "./files.js";

const VERSIONS = ["master", "stems", "layers", "cut", "sting", "underscore", "no_drums", "transition", "loop_parts"];
const FORMATS = ["wav", "flac", "mp3", "ogg"];
const RATES = [44_100, 48_000, 96_000];
const TIMED = new Set(["cut", "sting", "transition"]);

/** The card of a track's renditions. `over`: aborts what waits. */
export function shapes(track, over) {
  const list = h("ul", { class: "renditions" });
  const none = h("p", { class: "hint" }, say("license.shape.none"));
  const wrong = h("div", {});
  const shown = new Map();
  const show = (rendition, { first = false } = {}) => {
    none.remove();
    const line = shown.get(rendition.id) ?? h("li", { class: "stack" });
    if (!shown.has(rendition.id)) list[first ? "prepend" : "append"](line);
    shown.set(rendition.id, line);
    watch(rendition, line, over);
  };
  const form = order(async (wanted) => {
    replace(wrong);
    try {
      const made = await call("POST", `/v1/tracks/${track.id}/renditions`, { body: wanted });
      show(made, { first: true });
    } catch (error) {
      replace(wrong, problem(error));
    }
  });
  call("GET", `/v1/tracks/${track.id}/renditions?limit=20`, { signal: over })
    .then((page) => page.items.filter((one) => !one.order.profile).forEach((one) => show(one)))
    .catch((error) => { if (!over.aborted) replace(wrong, problem(error)); });
  return h("section", { class: "card" }, h("h2", {}, say("license.shapes")),
    h("p", { class: "hint" }, say("license.shapes.hint")), form, wrong, none, list);
}

function order(send) {
  const choice = (values, name) => h("select", {}, values.map((one) => h("option", { value: one }, name(one))));
  const version = choice(VERSIONS, (one) => say(`license.version.${one}`));
  const format = choice(FORMATS, (one) => one.toUpperCase());
  const rate = choice(["", ...RATES], (one) => (one === "" ? say("license.shape.same") : `${one} Hz`));
  const length = h("input", { type: "number", min: 0.5, max: 600, step: "any", value: 30 });
  const timed = field(say("license.shape.length"), length, say("license.shape.length.hint"));
  const fit = () => { timed.hidden = !TIMED.has(version.value); };
  version.addEventListener("change", fit);
  fit();
  const button = h("button", { type: "submit", class: "primary" }, say("license.shape.order"));
  return h("form", { class: "order", on: { submit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    const asked = { version: version.value, format: format.value };
    if (rate.value) asked.sample_rate = Number(rate.value);
    if (TIMED.has(version.value)) asked.duration_ms = Math.round(Number(length.value) * 1000);
    await send(asked);
    button.disabled = false;
  } } }, field(say("license.shape.version"), version), field(say("license.shape.format"), format),
  field(say("license.shape.rate"), rate), timed, button);
}

/** A rendition's line, until it is there or has failed. */
async function watch(rendition, line, over) {
  draw(rendition, line);
  try {
    const made = await ended(rendition, over, (now) => draw(now, line));
    draw(made, line);
    if (rendition.status !== made.status) announce(`${title(made)}: ${say(`license.status.${made.status}`)}`);
  } catch (error) {
    if (!over.aborted) line.append(problem(error));
  }
}

/** A rendition when it has ended; `tell` hears of it meanwhile. */
export async function ended(rendition, over, tell = () => {}) {
  let now = rendition;
  do {
    now = await call("GET", `/v1/renditions/${rendition.id}?wait=15`, { signal: over });
    tell(now);
  } while (now.status === "queued" || now.status === "running");
  return now;
}

function draw(rendition, line) {
  const { status, failure, files = [] } = rendition;
  const kind = { succeeded: "good", failed: "bad" }[status] ?? "live";
  const wrong = h("div", {});
  replace(line,
    h("div", { class: "spread" }, h("strong", {}, title(rendition)),
      h("span", { class: "hint" }, when(rendition.created_at)),
      h("span", { class: `badge ${kind}` }, say(`license.status.${status}`))),
    status === "queued" || status === "running" ? h("progress", { "aria-label": title(rendition) }) : null,
    failure ? h("p", { class: "wrong" }, failure.detail) : null,
    files.length ? h("ul", { class: "files" }, files.map((one) =>
      row(one.name, `/v1/renditions/${rendition.id}/files/${encodeURIComponent(one.name)}`, one, null, wrong))) : null,
    wrong);
}

function title({ order: asked }) {
  return [say(`license.version.${asked.version}`), asked.format.toUpperCase(),
    asked.sample_rate ? `${asked.sample_rate} Hz` : null,
    asked.duration_ms ? `${asked.duration_ms / 1000} s` : null].filter(Boolean).join(" · ");
}
