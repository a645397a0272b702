// Candidates of a family of cabin sounds: a row for each sound, a column for each candidate.

import { call } from "../door.js";
import { h, problem, replace, table } from "../elements.js";
import { number, say, seconds } from "../words.js";
import { Cell } from "./cell.js";
import { Deck } from "./deck.js";
import { hands } from "./hands.js";
import { line } from "./line.js";
import { measures, tally } from "./measures.js";
import { sound as named } from "./names.js";
import { provenance } from "./origin.js";
import { ask } from "./pick.js";
import { context, outline, Sounds } from "./sounds.js";
import { transport } from "./transport.js";

const COLUMNS = 240;

export class Board {
  /** Audition a family's candidates in `place`. */
  constructor(place, family) {
    this.family = family;
    this.names = family.resolved.functions.map((one) => one.name);
    this.loops = new Set(family.resolved.functions.filter((one) => one.loop).map((one) => one.name));
    this.candidates = [];
    this.cells = new Map();
    this.sound = this.names[0];
    this.chosen = null;
    this.turn = 0;
    this.wanted = null;
    this.over = new AbortController();
    this.deck = new Deck(context(family.resolved.delivery.sample_rate));
    this.sounds = new Sounds(this.deck.context);
    this.line = line({ count: () => this.count(), found: () => this.load() });
    this.deck.addEventListener("state", () => this.pressed());
    this.deck.addEventListener("heard", () => this.pressed());
    this.off = hands(this.keys(), KEYS);
    this.bar = transport(this.deck, { where: () => this.place(),
      moved: (at) => this.cells.get(this.cell())?.at(at) });
    this.grid = h("div", { class: "board wide", tabIndex: 0, role: "group", "aria-label": say("audition.board") });
    this.facts = h("div", { class: "stack" });
    this.element = h("section", { class: "audition stack", "aria-label": say("audition.board") },
      this.line.element, this.bar.element, h("p", { class: "hint" }, say("audition.board.hint")), this.grid,
      this.facts, h("p", { class: "hint keys" }, say("audition.board.keys")));
    replace(place, this.element);
  }

  /** The family has more candidates. */
  async renew(family) {
    this.family = family;
    const ids = family.candidates.map((one) => one.id);
    const read = await Promise.all(ids.map((id) => call("GET", `/v1/candidates/${id}`, { signal: this.over.signal })));
    this.candidates = read.sort((a, b) => a.number - b.number);
    if (this.over.signal.aborted || !this.candidates.length) return;
    this.chosen ??= this.candidates[0].id;
    this.draw();
    this.show();
    await this.load();
  }

  // --- the table ---

  draw() {
    for (const cell of this.cells.values()) cell.close();
    this.cells = new Map();
    const heads = this.candidates.map((one) => h("th", { scope: "col" }, this.head(one)));
    const rows = this.names.map((name) => h("tr", {}, h("th", { scope: "row" }, named(name),
      this.loops.has(name) ? h("span", { class: "hint" }, ` ↻ ${say("audition.board.loops")}`) : null),
      this.candidates.map((one) => h("td", {}, this.fill(one, name)))));
    replace(this.grid, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, say("audition.board.sound")), heads)),
      h("tbody", {}, rows)));
    this.pressed();
  }

  head(candidate) {
    const { number: which, license, license_tokens: tokens, id, status } = candidate;
    const rating = Math.round(100 * candidate.rating);
    const all = [...candidate.measured, ...candidate.family.members.flatMap((one) => one.measured)];
    return h("div", { class: "top" },
      h("span", { class: "name" }, say("audition.candidate", { number: which }), " ",
        h("span", { class: "badge", title: say("audition.rating.said", { rating }) }, number(rating))),
      h("span", { class: `hint${candidate.passed ? "" : " missed"}` }, tally(all)),
      h("div", { class: "row" },
        h("button", { type: "button", class: "bare", "aria-label": say("audition.board.order", { number: which }),
          title: say("audition.board.order", { number: which }), on: { click: () => this.order(id) } }, "▶▶"),
        license ? h("a", { class: "button licensed", href: `#/licenses/${license}`,
          "aria-label": say("audition.license.of", { number: which }) }, `✓ ${say("audition.licensed")}`)
          : h("button", { type: "button", class: "pick", disabled: status === "expired",
            "aria-label": say("audition.pick.said", { number: which, tokens }), on: { click: () => this.pick(id) } },
            say(status === "expired" ? "audition.expired" : "audition.pick"),
            h("span", { class: "hint" }, say("audition.price", { tokens })))));
  }

  fill(candidate, name) {
    const member = candidate.family.members.find((one) => one.name === name);
    if (member === undefined) return null;
    const said = say("audition.board.hear", { sound: named(name), number: candidate.number,
      length: seconds(member.duration_ms / 1000) });
    const longest = Math.max(...this.candidates.flatMap((one) => one.family.members)
      .filter((one) => one.name === name).map((one) => one.duration_ms));
    const cell = new Cell(member, said, member.duration_ms / longest, () => this.press(candidate.id, name));
    this.cells.set(`${candidate.id}/${name}`, cell);
    return cell.element;
  }

  cell() {
    return `${this.chosen}/${this.sound}`;
  }

  pressed() {
    for (const [key, cell] of this.cells) {
      const mine = key === this.cell();
      cell.show({ chosen: mine, playing: mine && this.deck.playing });
    }
  }

  // --- sound ---

  async load() {
    for (const name of this.names) {
      for (const candidate of this.candidates) {
        if (this.over.signal.aborted) return;
        await this.bring(candidate, name).catch((error) => {
          if (error.status === undefined && !this.over.signal.aborted) this.line.gone();
        });
      }
    }
    this.line.renew();
  }

  async bring(candidate, name) {
    const cell = this.cells.get(`${candidate.id}/${name}`);
    if (cell === undefined || candidate.status === "expired") return;
    const buffer = await this.sounds.get(
      `/v1/candidates/${candidate.id}/audio?format=wav&function=${name}`, this.over.signal);
    if (cell.buffer === buffer) return;
    cell.load(buffer, outline(buffer, COLUMNS));
    if (name !== this.sound) return;
    this.deck.put(candidate.id, buffer);
    if (this.wanted === `${candidate.id}/${name}`) this.hear(candidate.id, name);
  }

  count() {
    const cells = [...this.cells.values()];
    return { ready: cells.filter((one) => one.buffer).length, of: cells.length };
  }

  /** Stand at another sound: its candidates lie under the playhead together. */
  stand(name) {
    if (name === this.sound && this.deck.sounds.size) return;
    this.deck.pause();
    for (const id of [...this.deck.sounds.keys()]) this.deck.drop(id);
    this.sound = name;
    for (const { id } of this.candidates) {
      const buffer = this.cells.get(`${id}/${name}`)?.buffer;
      if (buffer) this.deck.put(id, buffer);
    }
    this.deck.repeat(null);
    this.deck.seek(0);
  }

  /** A sound was pressed: hear it, or, where it is heard already, stop. */
  press(id, name) {
    this.turn += 1;
    const same = this.cell() === `${id}/${name}`;
    if (same && this.deck.playing) return this.deck.pause();
    return this.hear(id, name);
  }

  hear(id, name) {
    const other = name !== this.sound;
    this.stand(name);
    this.chosen = id;
    this.deck.hear(id);
    this.show();
    // What is pressed before it is there plays as soon as it is.
    const there = this.deck.sounds.has(id);
    this.wanted = there ? null : this.cell();
    if (!there) this.bring(this.candidates.find((one) => one.id === id), name).catch(() => this.line.gone());
    if (!there || this.deck.playing) return;
    this.deck.repeat(this.loops.has(name) ? { start: 0, end: this.deck.duration } : null);
    if (!this.loops.has(name) || other) this.deck.seek(0);
    this.deck.play();
  }

  /** Play a candidate's sounds one after the other, loops for a while. */
  async order(id) {
    this.turn += 1;
    const mine = this.turn;
    for (const name of this.names) {
      if (mine !== this.turn || this.over.signal.aborted) return;
      this.deck.pause();
      this.hear(id, name);
      const long = this.loops.has(name) ? Math.min(4, this.deck.duration) : this.deck.duration;
      await new Promise((done) => setTimeout(done, 1000 * long + 350));
    }
    if (mine === this.turn) this.deck.pause();
  }

  pick(id) {
    const candidate = this.candidates.find((one) => one.id === id);
    if (candidate?.status !== "ready") return;
    ask(candidate, { rights: this.family.resolved.rights, others: this.candidates,
      done: (known) => {
        if (this.over.signal.aborted) return; // the page was left meanwhile
        this.candidates = this.candidates.map((one) => (one.id === id ? known : one));
        this.redraw();
      } });
  }

  /** Draw anew and keep what is loaded. */
  redraw() {
    const loaded = this.cells;
    this.cells = new Map();
    const kept = [...loaded].filter(([, cell]) => cell.buffer).map(([key, cell]) => [key, cell.buffer, cell.outline]);
    for (const cell of loaded.values()) cell.close();
    this.draw();
    for (const [key, buffer, wave] of kept) this.cells.get(key)?.load(buffer, wave);
  }

  keys() {
    const along = (by) => {
      const at = (this.names.indexOf(this.sound) + by + this.names.length) % this.names.length;
      this.press(this.chosen, this.names[at]);
    };
    return {
      " ": () => this.press(this.chosen, this.sound), arrowup: () => along(-1), arrowdown: () => along(1),
      home: () => this.deck.seek(0), p: () => this.pick(this.chosen),
      digit: (which) => {
        const found = this.candidates.find((one) => one.number === which);
        if (found) this.hear(found.id, this.sound);
      },
    };
  }

  // --- facts ---

  place() {
    const candidate = this.candidates.find((one) => one.id === this.chosen);
    return candidate ? say("audition.board.of", { sound: named(this.sound), number: candidate.number }) : "";
  }

  show() {
    const candidate = this.candidates.find((one) => one.id === this.chosen);
    const member = candidate.family.members.find((one) => one.name === this.sound);
    const { character } = candidate.family;
    const of = { number: candidate.number, sound: named(this.sound) };
    replace(this.facts,
      h("section", { class: "card" }, h("h3", {}, say("audition.board.of", of)),
        measures(member.measured, "")),
      h("section", { class: "card" }, h("h3", {}, say("audition.board.between", of)),
        h("p", { class: "row" }, traits(character)), measures(candidate.measured, ""), apart(candidate.family)),
      h("section", { class: "card" }, h("h3", {}, say("audition.provenance")), provenance(candidate.provenance)));
    this.bar.draw();
  }

  close() {
    this.turn += 1;
    this.over.abort();
    this.off();
    this.line.close();
    this.bar.close();
    this.deck.close();
    for (const cell of this.cells.values()) cell.close();
    this.deck.context.close();
  }

  failed(error) {
    if (!this.over.signal.aborted) this.element.append(problem(error));
  }
}

const KEYS = [
  ["1–9", "audition.key.choose"], ["space", "audition.key.space"], [["↑", "↓"], "audition.key.sound"],
  ["home", "audition.key.home"], ["p", "audition.key.pick"],
];

function traits(character) {
  const said = [
    character.motif?.signature ? say("audition.character.signature", { semitones: character.motif.signature }) : null,
    character.table_name ? say("audition.character.table", { name: character.table_name }) : null,
    character.cell_name ? say("audition.character.cell", { name: character.cell_name }) : null,
  ];
  return said.filter(Boolean).map((one) => h("span", { class: "badge live" }, one));
}

/** The distances between the sounds, the near ones marked. */
function apart({ compared, distances }) {
  if (compared.length < 2) return null;
  const heads = ["", ...compared.map((name) => ({ text: named(name), class: "number" }))];
  const rows = distances.map((values, at) => [named(compared[at]),
    ...values.map((one, to) => (to === at ? "–" : number(one, 2)))]);
  return h("details", {}, h("summary", {}, say("audition.board.apart")),
    table(heads, rows, say("audition.board.apart")));
}
