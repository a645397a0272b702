// One sound on the board: a button with its wave.

import { h, replace } from "../elements.js";
import { seconds } from "../words.js";
import { colour, Picture } from "./picture.js";
import { told } from "./sounds.js";
import { bars, triangle } from "./transport.js";

export class Cell {
  /** `share`: its length beside the longest of its row; `press()`. */
  constructor(member, said, share, press) {
    this.buffer = null;
    this.outline = told(member.peaks);
    this.picture = new Picture("small", (...at) => this.paint(...at));
    this.picture.canvas.setAttribute("aria-hidden", "true");
    this.sign = h("span", { class: "sign", "aria-hidden": "true" }, triangle());
    this.head = h("span", { class: "head", "aria-hidden": "true" });
    const wave = h("span", { class: "wave", style: { width: `${100 * Math.max(0.25, share)}%` } },
      this.picture.canvas, this.head);
    this.element = h("button", { type: "button", class: "cell", "aria-label": said, "aria-pressed": "false",
      "data-hear": "", title: said, on: { click: press } }, this.sign, h("span", { class: "lane" }, wave),
      h("span", { class: "hint", "aria-hidden": "true" }, seconds(member.duration_ms / 1000)),
      member.passed ? null : h("span", { class: "badge bad", "aria-hidden": "true" }, "✗"));
  }

  /** Its sound is there. */
  load(buffer, outline) {
    Object.assign(this, { buffer, outline });
    this.picture.draw();
  }

  show({ chosen, playing }) {
    this.element.classList.toggle("chosen", chosen);
    this.element.setAttribute("aria-pressed", String(chosen));
    replace(this.sign, playing ? bars() : triangle());
    if (!chosen) this.at(0);
  }

  at(fraction) {
    this.head.style.left = `${100 * fraction}%`;
  }

  close() {
    this.picture.close();
  }

  /** Upright strokes, as high as the sound is loud; soft sounds are drawn larger. */
  paint(pen, width, height) {
    const { low, high } = this.outline;
    const loudest = high.reduce((most, value, at) => Math.max(most, value, -low[at]), 1e-4);
    const strokes = Math.min(low.length, Math.floor(width / 3));
    pen.fillStyle = colour("--wave", this.element);
    for (let at = 0; at < strokes; at += 1) {
      const from = Math.floor((at * low.length) / strokes);
      const to = Math.max(from + 1, Math.floor(((at + 1) * low.length) / strokes));
      let most = 0;
      for (let one = from; one < to; one += 1) most = Math.max(most, high[one], -low[one]);
      const tall = Math.max(1.5, (most / loudest) * height);
      pen.fillRect((at * width) / strokes, (height - tall) / 2, 2, tall);
    }
  }
}
