// A candidate on paper: its sections, chords and notes over the same time as its wave. All of it is
// from the sheet, which is for looking and no score.

import { h, replace } from "../elements.js";
import { number, say, seconds } from "../words.js";
import { colour, Picture } from "./picture.js";

const CHORDS_H = 22;
const DRUMS_H = 54;
const PARTS = 8;

export class Roll {
  /** `repeat(section)`: somebody chose a section to hear again and again, or, with null, no more. */
  constructor({ seek, repeat }) {
    this.repeat = repeat;
    this.sheet = null;
    this.span = null;
    this.sections = h("div", { class: "sections", role: "group", "aria-label": say("audition.sections") });
    this.picture = new Picture("roll", (...at) => this.paint(...at));
    this.head = h("div", { class: "head", "aria-hidden": "true" });
    this.legend = h("ul", { class: "legend" });
    this.spelled = h("details", { class: "spelled" });
    this.over = h("div", { class: "over" }, this.picture.canvas, this.head);
    this.over.addEventListener("pointerdown", (event) => {
      const box = this.over.getBoundingClientRect();
      if (event.button === 0) seek((event.clientX - box.left) / box.width);
    });
    this.element = h("div", { class: "paper" }, this.sections, this.over, this.legend, this.spelled);
  }

  /** Show a sheet. */
  show(sheet) {
    this.sheet = sheet;
    this.pitches = reach(sheet.parts);
    replace(this.sections, sheet.sections.map((one) => this.section(one)));
    replace(this.legend, sheet.parts.map((one, at) => h("li", {},
      h("span", { class: `swatch part-${at % PARTS}`, "aria-hidden": "true" }), one.name)));
    replace(this.spelled, h("summary", {}, say("audition.chords.spelled")), spelled(sheet));
    this.picture.describe(described(sheet));
    this.picture.draw();
    this.mark(this.span);
  }

  at(fraction) {
    this.head.style.left = `${(100 * fraction).toFixed(3)}%`;
  }

  /** Press the section that is repeated; `span` in seconds or null. */
  mark(span) {
    this.span = span;
    for (const button of this.sections.children) {
      const { start_s, end_s } = button.section;
      const on = span !== null && near(span.start, start_s) && near(span.end, end_s);
      button.setAttribute("aria-pressed", String(on));
    }
  }

  close() {
    this.picture.close();
  }

  section(one) {
    const width = (one.end_s - one.start_s) / this.sheet.duration_s;
    const said = say("audition.section.said", { name: one.name, from: seconds(one.start_s),
      to: seconds(one.end_s), energy: one.energy });
    const button = h("button", { type: "button", class: "section", "aria-pressed": "false", title: said,
      "aria-label": said, style: { width: `${100 * width}%`, "--energy": one.energy / 7 },
      on: { click: () => this.repeat(button.getAttribute("aria-pressed") === "true" ? null : one) } },
      h("span", { "aria-hidden": "true" }, one.name));
    button.section = one;
    return button;
  }

  paint(pen, width, height, pixel) {
    if (this.sheet === null) return;
    const x = (s) => (width * s) / this.sheet.duration_s;
    const drums = this.sheet.parts.some((one) => one.drums) ? DRUMS_H : 0;
    const notes = { top: CHORDS_H, bottom: height - drums - 4 };
    this.grid(pen, x, height, pixel);
    this.chords(pen, x);
    this.sheet.parts.forEach((part, at) => {
      pen.fillStyle = colour(`--part-${at % PARTS}`, this.element);
      if (part.drums) this.strokes(pen, x, part, height - drums, height - 4);
      else this.notes(pen, x, part, notes);
    });
  }

  grid(pen, x, height, pixel) {
    const strong = new Set(this.sheet.sections.map((one) => one.start_s.toFixed(2)));
    for (const bar of this.sheet.bars_s) {
      pen.fillStyle = colour(strong.has(bar.toFixed(2)) ? "--quiet" : "--line", this.element);
      pen.fillRect(x(bar), CHORDS_H - 4, pixel, height);
    }
  }

  /** Names of chords, as many as there is room for. */
  chords(pen, x) {
    pen.font = `600 12px ${getComputedStyle(this.element).fontFamily}`;
    pen.textBaseline = "middle";
    pen.fillStyle = colour("--ink", this.element);
    let free = 0;
    for (const one of this.sheet.chords) {
      const wide = pen.measureText(one.name).width;
      const at = x(one.start_s) + 3;
      if (at < free || at + wide > x(this.sheet.duration_s)) continue;
      pen.fillText(one.name, at, CHORDS_H / 2 - 1);
      free = at + wide + 8;
    }
  }

  notes(pen, x, part, { top, bottom }) {
    const [low, high] = this.pitches;
    const row = (bottom - top) / (high - low + 1);
    const tall = Math.max(2, Math.min(9, row - 0.5));
    for (const [start, length, pitch] of part.notes) {
      const y = top + (high - pitch + 0.5) * row - tall / 2;
      pen.beginPath();
      pen.roundRect(x(start), y, Math.max(1.5, x(length) - 0.75), tall, Math.min(2, tall / 2));
      pen.fill();
    }
  }

  strokes(pen, x, part, top, bottom) {
    const pads = [...new Set(part.notes.map((one) => one[2]))].sort((a, b) => b - a);
    const row = (bottom - top) / Math.max(1, pads.length);
    for (const [start, , pitch] of part.notes) {
      const y = top + pads.indexOf(pitch) * row;
      pen.fillRect(x(start), y, 2, Math.max(1.5, Math.min(7, row - 1)));
    }
  }
}

/** What stands where, in words. */
function described(sheet) {
  return say("audition.roll.said", { key: sheet.key ?? "?", bpm: number(sheet.bpm ?? 0), meter: sheet.meter ?? "",
    bars: Math.max(0, sheet.bars_s.length - 1), sections: sheet.sections.map((one) => one.name).join(" "),
    parts: sheet.parts.map((one) => one.name).join(", ") });
}

function spelled(sheet) {
  return h("ol", {}, sheet.sections.map((one) => h("li", {},
    h("strong", {}, one.name), ` ${seconds(one.start_s)}  `,
    sheet.chords.filter((each) => each.start_s >= one.start_s - 0.01 && each.start_s < one.end_s - 0.01)
      .map((each) => each.name).join(" | "))));
}

function reach(parts) {
  const all = parts.filter((one) => !one.drums).flatMap((one) => one.notes.map((note) => note[2]));
  if (all.length === 0) return [48, 72];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return [low - 1, Math.max(high + 1, low + 12)];
}

function near(a, b) {
  return Math.abs(a - b) < 0.02;
}
