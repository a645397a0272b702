// The stems of a track, to the sample together, each muted or alone.

import { Deck } from "../audition/deck.js";
import { hands } from "../audition/hands.js";
import { stem as called } from "../audition/names.js";
import { context, fits, outline, Sounds } from "../audition/sounds.js";
import { flip, transport } from "../audition/transport.js";
import { Wave } from "../audition/wave.js";
import { call } from "../door.js";
import { h, problem, replace } from "../elements.js";
import { number, say } from "../words.js";
import { ended } from "./shapes.js";

const COLUMNS = 1200;
const KEYS = [
  ["1–9", "license.key.mute"], [["Shift 1–9"], "license.key.solo"], ["0", "license.key.all"],
  ["space", "audition.key.space"], ["l", "audition.key.loop"],
];

/** The card of a track's stems: at once where they were delivered, else made when asked for. */
export class Mixer {
  constructor(track, rate) {
    this.track = track;
    this.rate = rate;
    this.over = new AbortController();
    this.muted = new Set();
    this.alone = new Set();
    this.strips = new Map();
    this.place = h("div", { class: "stack" });
    this.element = h("section", { class: "card mixer" }, h("h2", {}, say("license.stems")), this.place);
    const there = track.files.filter((one) => one.name.startsWith("stem."))
      .map((one) => ({ name: one.name.slice(5), path: `/v1/tracks/${track.id}/stems/${one.name.slice(5)}` }));
    if (there.length) this.open(there);
    else this.offer();
  }

  offer() {
    replace(this.place, h("p", { class: "hint" }, say("license.stems.free")),
      h("div", { class: "row" }, h("button", { type: "button", class: "primary", on: { click: () => this.make() } },
        say("license.stems.make"))));
  }

  async make() {
    replace(this.place, h("p", { role: "status" }, say("license.stems.making")),
      h("progress", { "aria-label": say("license.stems.making") }));
    try {
      const asked = await call("POST", `/v1/tracks/${this.track.id}/renditions`, { body: { version: "stems" } });
      const made = await ended(asked, this.over.signal);
      if (made.failure) throw new Error(made.failure.detail);
      this.open(made.files.filter((one) => one.media_type === "audio/wav").map((one) => ({
        name: one.name.replace(/\.wav$/, "").replace(/^stem\./, ""),
        path: `/v1/renditions/${made.id}/files/${encodeURIComponent(one.name)}`,
      })));
    } catch (error) {
      if (this.over.signal.aborted) return;
      this.offer();
      this.place.append(problem(error));
    }
  }

  async open(stems) {
    if (!fits(stems.length, this.track.duration_ms / 1000, this.rate)) {
      replace(this.place, h("p", { class: "hint" }, say("license.stems.long")));
      return;
    }
    this.deck = new Deck(context(this.rate));
    const looping = this.track.plan?.kind === "loop";
    this.bar = transport(this.deck, { toggles: [{ label: say("audition.loop"), hint: say("audition.loop.hint"),
      on: looping, flip: (on) => this.loop(on) }],
    moved: (at) => { for (const one of this.strips.values()) one.wave.at(at); } });
    this.off = hands(this.keys(), KEYS);
    this.waits = h("p", { class: "hint", role: "status" });
    this.list = h("ol", { class: "strips" }, stems.map((one) => this.strip(one.name)));
    replace(this.place, h("p", { class: "hint" }, say("license.stems.hint")), this.bar.element, this.waits, this.list,
      h("div", { class: "spread" }, h("button", { type: "button", on: { click: () => this.all() } }, say("license.stems.all")),
        h("span", { class: "hint keys" }, say("license.stems.keys"))));
    await this.load(stems);
    if (looping && !this.over.signal.aborted) this.loop(true);
  }

  async load(stems) {
    const sounds = new Sounds(this.deck.context);
    let ready = 0;
    try {
      for (const { name, path } of stems) {
        replace(this.waits, say("license.stems.loading", { ready: ready + 1, of: stems.length }));
        const buffer = await sounds.get(path, this.over.signal);
        if (this.over.signal.aborted) return;
        this.fill(name, buffer);
        ready += 1;
      }
      this.waits.remove();
    } catch (error) {
      if (!this.over.signal.aborted) replace(this.waits, problem(error));
    }
  }

  strip(name) {
    const of = { stem: called(name) };
    const button = (what, set) => h("button", { type: "button", class: what, "aria-pressed": "false",
      "aria-label": say(`license.stems.${what}.of`, of), on: { click: () => this.turn(set, name) } },
      say(`license.stems.${what}`));
    const [mute, solo] = [button("mute", this.muted), button("solo", this.alone)];
    const wave = new Wave({ seek: (fraction) => this.deck.seek(fraction * this.deck.duration) });
    wave.describe(say("license.stems.wave", of));
    const silent = h("span", { class: "hint" });
    const element = h("li", { class: "strip", "data-stem": name }, h("span", { class: "name" },
      h("kbd", { "aria-hidden": "true" }, number(this.strips.size + 1)), " ", called(name), " ", silent),
      h("div", { class: "row switches" }, mute, solo), wave.element);
    this.strips.set(name, { element, mute, solo, wave, silent, high: 0 });
    return element;
  }

  fill(name, buffer) {
    const strip = this.strips.get(name);
    const wave = outline(buffer, COLUMNS);
    strip.high = wave.high.reduce((most, value, at) => Math.max(most, value, -wave.low[at]), 0);
    const loudest = Math.max(0.05, ...[...this.strips.values()].map((one) => one.high));
    strip.shown = wave;
    for (const one of this.strips.values()) if (one.shown) one.wave.show(one.shown, 1 / loudest);
    if (strip.high < 1e-4) replace(strip.silent, say("license.stems.silent"));
    this.deck.put(name, buffer);
    this.heard();
  }

  turn(set, name) {
    if (!set.delete(name)) set.add(name);
    this.heard();
  }

  all() {
    this.muted.clear();
    this.alone.clear();
    this.heard();
  }

  /** Those alone if there are any, and none that is muted. */
  heard() {
    const names = [...this.strips.keys()];
    const heard = names.filter((one) => (this.alone.size ? this.alone.has(one) : true) && !this.muted.has(one));
    this.deck.hear(...heard);
    for (const [name, strip] of this.strips) {
      strip.mute.setAttribute("aria-pressed", String(this.muted.has(name)));
      strip.solo.setAttribute("aria-pressed", String(this.alone.has(name)));
      strip.element.classList.toggle("quiet", !heard.includes(name));
    }
  }

  loop(on) {
    this.deck.repeat(on ? { start: 0, end: this.deck.duration } : null);
    this.bar.buttons[0].show(on);
  }

  keys() {
    return {
      " ": () => flip(this.deck), l: () => this.loop(this.deck.loop === null), home: () => this.deck.seek(0),
      0: () => this.all(), arrowleft: () => this.deck.seek(this.deck.position - 2),
      arrowright: () => this.deck.seek(this.deck.position + 2),
      digit: (which, shifted) => {
        const name = [...this.strips.keys()][which - 1];
        if (name) this.turn(shifted ? this.alone : this.muted, name);
      },
    };
  }

  close() {
    this.over.abort();
    this.off?.();
    this.bar?.close();
    for (const one of this.strips.values()) one.wave.close();
    this.deck?.close();
    this.deck?.context.close();
  }
}
