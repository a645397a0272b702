// Candidates of a piece of music, side by side.

import { call } from "../door.js";
import { h, problem, replace } from "../elements.js";
import { number, say } from "../words.js";
import { Deck } from "./deck.js";
import { hands } from "./hands.js";
import { line } from "./line.js";
import { measures } from "./measures.js";
import { origin } from "./origin.js";
import { ask } from "./pick.js";
import { Roll } from "./roll.js";
import { Row } from "./row.js";
import { context, fits, matched, outline, Sounds, told } from "./sounds.js";
import { flip, transport } from "./transport.js";

const COLUMNS = 1600;

export class Music {
  /** Audition a brief's candidates in `place`. */
  constructor(place, brief) {
    this.brief = brief;
    this.rate = brief.resolved.delivery.sample_rate;
    this.seconds = brief.resolved.duration_ms / 1000;
    this.all = fits(brief.resolved.candidates, this.seconds, this.rate);
    this.rows = new Map();
    this.sheets = new Map();
    this.outlines = new Map();
    this.chosen = null;
    this.section = null;
    this.matching = true;
    this.over = new AbortController();
    this.deck = new Deck(context(this.rate));
    this.sounds = new Sounds(this.deck.context);
    this.line = line({ count: () => this.count(), found: () => this.load() });
    this.build(place);
    this.off = hands(this.keys(), KEYS);
    const seen = () => { if (document.visibilityState === "visible") this.reread(); };
    document.addEventListener("visibilitychange", seen, { signal: this.over.signal });
    if (brief.resolved.kind === "loop") this.deck.repeat({ start: 0, end: this.seconds });
  }

  build(place) {
    this.roll = new Roll({ seek: (fraction) => this.deck.seek(fraction * this.deck.duration),
      repeat: (section) => this.repeat(section) });
    this.bar = transport(this.deck, {
      toggles: [
        { label: say("audition.loop"), hint: say("audition.loop.hint"), on: this.brief.resolved.kind === "loop",
          flip: (on) => this.loop(on) },
        { label: say("audition.match"), hint: say("audition.match.hint"), on: true, flip: (on) => this.match(on) },
      ],
      where: (position) => this.where(position), moved: (at) => this.moved(at),
    });
    [this.looping, this.loud] = this.bar.buttons;
    this.list = h("ol", { class: "candidates" });
    this.paper = h("section", { class: "card sheet" });
    this.facts = h("div", { class: "stack" });
    this.element = h("section", { class: "audition stack", "aria-label": say("audition.candidates") },
      this.line.element, this.bar.element, this.list, this.paper, this.facts,
      h("p", { class: "hint keys" }, say("audition.keys")));
    replace(place, this.element);
  }

  /** The brief has more candidates, or others know more of them. */
  async renew(brief) {
    this.brief = brief;
    const fresh = brief.candidates.filter((one) => !this.rows.has(one.id));
    await Promise.all(fresh.map((one) => this.add(one.id)));
    this.sort();
    if (this.chosen === null && this.rows.size) this.choose([...this.rows.keys()][0]);
    await this.load();
  }

  async add(id) {
    const [candidate, sheet] = await Promise.all([this.read(`/v1/candidates/${id}`),
      this.read(`/v1/candidates/${id}/sheet`).catch(() => null)]);
    if (this.rows.has(id) || this.over.signal.aborted) return;
    this.sheets.set(id, sheet);
    this.rows.set(id, new Row(candidate, { choose: () => this.choose(id), again: () => this.bring(id),
      seek: (fraction) => this.deck.seek(fraction * (this.deck.duration || this.seconds)),
      pick: () => this.pick(id) }));
    this.outlines.set(id, told(sheet?.peaks?.values ?? candidate.peaks));
    this.draw(id);
  }

  /** The rows in the order of their rank, which they keep. */
  sort() {
    const rows = [...this.rows].sort(([, a], [, b]) => a.candidate.number - b.candidate.number);
    this.rows = new Map(rows);
    replace(this.list, rows.map(([, row]) => row.element));
  }

  // --- sound ---

  /** Load every sound, or, where they would not fit, the chosen one. The best comes first. */
  async load() {
    for (const [id, row] of this.rows) {
      if (this.over.signal.aborted) return;
      if (this.deck.sounds.has(id)) continue;
      if (this.all || id === this.chosen) await this.bring(id);
      else row.loading("waits");
    }
  }

  async bring(id) {
    const row = this.rows.get(id);
    if (this.deck.sounds.has(id) || row.candidate.status === "expired") return;
    row.loading("loading");
    try {
      const buffer = await this.sounds.get(`/v1/candidates/${id}/audio?format=wav`, this.over.signal);
      if (this.over.signal.aborted) return;
      this.outlines.set(id, outline(buffer, COLUMNS));
      this.deck.put(id, buffer, this.gains().get(id));
      row.loading("ready");
      this.draw(id);
      if (!this.all) this.spare(id);
    } catch (error) {
      if (this.over.signal.aborted) return;
      row.loading("failed");
      if (error.status === undefined) this.line.gone();
    }
    this.line.renew();
  }

  /** Keep two long sounds, the one that is heard and the one before it. */
  spare(id) {
    for (const other of [...this.deck.sounds.keys()].slice(0, -2)) {
      if (other === id || other === this.chosen) continue;
      this.deck.drop(other);
      this.sounds.drop(`/v1/candidates/${other}/audio?format=wav`);
      this.rows.get(other).loading("waits");
    }
  }

  count() {
    return { ready: this.deck.sounds.size, of: this.rows.size };
  }

  /** Id → gain: all of one loudness, or as they are. */
  gains() {
    if (!this.matching) return new Map([...this.rows.keys()].map((id) => [id, 1]));
    return matched(new Map([...this.rows].map(([id, row]) => [id, loudness(row.candidate)])));
  }

  // --- what is pressed ---

  /** Hear a candidate where the others are. */
  choose(id) {
    this.chosen = id;
    this.deck.hear(id);
    for (const [other, row] of this.rows) row.chosen(other === id);
    this.show(id);
    if (!this.deck.sounds.has(id) && !this.all) this.bring(id);
  }

  match(on) {
    this.matching = on;
    this.loud.show(on);
    const gains = this.gains();
    for (const id of this.rows.keys()) this.deck.trim(id, gains.get(id));
    for (const id of this.rows.keys()) this.draw(id);
  }

  loop(on) {
    const whole = { start: 0, end: this.deck.duration || this.seconds };
    this.deck.repeat(on ? this.section ?? whole : null);
    this.looped();
  }

  /** Repeat a section of the chosen candidate; null: none any more. */
  repeat(section) {
    this.section = section === null ? null : { start: section.start_s, end: section.end_s };
    this.loop(section !== null || this.brief.resolved.kind === "loop");
  }

  looped() {
    this.looping.show(this.deck.loop !== null);
    this.roll.mark(this.section);
    const span = this.section && this.deck.loop
      ? [this.section.start / this.deck.duration, this.section.end / this.deck.duration] : null;
    for (const row of this.rows.values()) row.wave.repeat(span);
  }

  pick(id) {
    const { candidate } = this.rows.get(id);
    if (candidate.status !== "ready") return;
    ask(candidate, { rights: this.brief.resolved.rights,
      others: [...this.rows.values()].map((row) => row.candidate),
      done: (known) => this.rows.get(id).show(known) });
  }

  /** A bar back or forward; where bars are not known, two seconds. */
  step(by) {
    const bars = this.sheets.get(this.chosen)?.bars_s;
    const { position, duration } = this.deck;
    if (!bars || bars.length < 3) return this.deck.seek(position + 2 * by);
    // Going back from just behind a line leads to the bar before it.
    const at = by > 0 ? bars.findIndex((one) => one > position + 0.01)
      : bars.findLastIndex((one) => one < position - 0.25);
    return this.deck.seek(at < 0 ? (by > 0 ? duration : 0) : bars[at]);
  }

  keys() {
    return {
      " ": () => flip(this.deck), l: () => this.loop(this.deck.loop === null), m: () => this.match(!this.matching),
      p: () => this.pick(this.chosen), home: () => this.deck.seek(0),
      arrowleft: () => this.step(-1), arrowright: () => this.step(1),
      digit: (which) => {
        const found = [...this.rows].find(([, row]) => row.candidate.number === which);
        if (found) this.choose(found[0]);
      },
    };
  }

  // --- what is seen ---

  /** The chosen candidate's paper, measures and origin. */
  show(id) {
    const { candidate } = this.rows.get(id);
    const sheet = this.sheets.get(id);
    const title = h("h3", {}, say("audition.paper"), " ", h("span", { class: "hint" },
      say("audition.candidate", { number: candidate.number })));
    if (sheet) {
      replace(this.paper, h("div", { class: "spread" }, title, h("span", { class: "hint" }, signature(sheet))),
        this.roll.element, h("p", { class: "hint" }, say("audition.paper.hint")));
      this.roll.show(sheet);
    } else replace(this.paper, title, h("p", { class: "hint" }, say("audition.paper.none")));
    replace(this.facts,
      h("section", { class: "card" }, h("h3", {}, say("audition.measures"), " ", h("span", { class: "hint" },
        say("audition.candidate", { number: candidate.number }))), measures(candidate.measured, "")),
      h("div", { class: "pair" }, origin(candidate)));
    this.bar.draw();
  }

  draw(id) {
    const row = this.rows.get(id);
    const gains = this.gains();
    // The loudest of all fills its row; the others stand beside it as they sound.
    const highest = Math.max(...[...this.outlines].map(([other, one]) => peak(one) * (gains.get(other) ?? 1)));
    row.draw(this.outlines.get(id), (gains.get(id) ?? 1) / Math.max(highest, 0.05), this.sheets.get(id), this.seconds);
  }

  moved(at) {
    for (const row of this.rows.values()) row.wave.at(at);
    this.roll.at(at);
  }

  /** Bar, beat, section and chord of the chosen candidate at a place. */
  where(position) {
    const sheet = this.sheets.get(this.chosen);
    if (!sheet || sheet.bars_s.length < 2) return "";
    const bar = Math.max(0, sheet.bars_s.findLastIndex((one) => one <= position + 1e-4));
    const last = sheet.bars_s.length - 2;
    const [from, to] = [sheet.bars_s[Math.min(bar, last)], sheet.bars_s[Math.min(bar, last) + 1]];
    const beats = sheet.beats_per_bar ?? Number.parseInt(sheet.meter, 10);
    const beat = Math.min(beats, 1 + Math.floor(((position - from) / (to - from)) * beats + 1e-4));
    const here = (list) => list.findLast((one) => one.start_s <= position + 1e-4)?.name;
    return [say("audition.bar", { bar: Math.min(bar, last) + 1, beat }), here(sheet.sections), here(sheet.chords)]
      .filter(Boolean).join(" · ");
  }

  // --- the gateway ---

  read(path) {
    return call("GET", path, { signal: this.over.signal });
  }

  /** Another window may have picked. */
  async reread() {
    for (const [id, row] of this.rows) {
      if (row.candidate.license) continue;
      const candidate = await this.read(`/v1/candidates/${id}`).catch(() => null);
      if (candidate === null) return;
      row.show(candidate);
    }
  }

  close() {
    this.over.abort();
    this.off();
    this.line.close();
    this.bar.close();
    this.deck.close();
    this.roll.close();
    for (const row of this.rows.values()) row.wave.close();
    this.deck.context.close();
  }

  failed(error) {
    if (!this.over.signal.aborted) this.element.append(problem(error));
  }
}

const KEYS = [
  ["1–9", "audition.key.choose"], ["space", "audition.key.space"], [["←", "→"], "audition.key.arrows"],
  ["home", "audition.key.home"], ["l", "audition.key.loop"], ["m", "audition.key.match"],
  ["p", "audition.key.pick"],
];

function loudness(candidate) {
  return candidate.measured.find((one) => one.name === "lufs")?.measured ?? NaN;
}

function peak({ low, high }) {
  return high.reduce((most, value, at) => Math.max(most, value, -low[at]), 0);
}

function signature(sheet) {
  return [sheet.key, sheet.bpm ? `${number(sheet.bpm)} bpm` : null, sheet.meter].filter(Boolean).join(" · ");
}
