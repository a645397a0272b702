// A sound as a wave, with what was heard of it in colour. A pointer puts the playhead.

import { h } from "../elements.js";
import { colour, Picture } from "./picture.js";

export class Wave {
  /** `seek(fraction)`: somebody pointed there. */
  constructor({ seek }) {
    this.outline = null;
    this.scale = 1;
    this.marks = [];
    this.rest = new Picture("rest", (...at) => this.paint("--wave-rest", "--wave-rest-core", ...at));
    this.done = new Picture("done", (...at) => this.paint("--wave", "--wave-core", ...at));
    this.done.canvas.setAttribute("aria-hidden", "true");
    this.head = h("div", { class: "head", "aria-hidden": "true" });
    this.region = h("div", { class: "region", hidden: true, "aria-hidden": "true" });
    this.element = h("div", { class: "wave" }, this.region, this.rest.canvas, this.done.canvas, this.head);
    this.element.addEventListener("pointerdown", (event) => this.follow(event, seek));
    this.at(0);
  }

  /** Show an outline (see sounds.js), `scale` times as high. */
  show(outline, scale = this.scale) {
    Object.assign(this, { outline, scale });
    this.rest.draw();
    this.done.draw();
  }

  /** Thin lines at these fractions, where sections begin. */
  divide(fractions) {
    this.marks = fractions;
    this.rest.draw();
  }

  /** Put the playhead at a fraction. */
  at(fraction) {
    const percent = `${(100 * fraction).toFixed(3)}%`;
    this.head.style.left = percent;
    this.done.canvas.style.clipPath = `inset(0 calc(100% - ${percent}) 0 0)`;
  }

  /** Shade what is repeated, from one fraction to another; null for nothing. */
  repeat(span) {
    this.region.hidden = span === null;
    if (span === null) return;
    this.region.style.left = `${100 * span[0]}%`;
    this.region.style.width = `${100 * (span[1] - span[0])}%`;
  }

  describe(said) {
    this.rest.describe(said);
  }

  close() {
    this.rest.close();
    this.done.close();
  }

  paint(outer, core, pen, width, height, pixel) {
    const here = this.rest.canvas;
    if (outer === "--wave-rest") this.divisions(pen, height, width, pixel);
    const middle = height / 2;
    pen.fillStyle = colour("--line", here);
    pen.fillRect(0, middle - pixel / 2, width, pixel);
    if (this.outline === null) return;
    const { low, high, power } = this.outline;
    this.fill(pen, colour(outer, here), width, middle, (at) => [low[at], high[at]]);
    this.fill(pen, colour(core, here), width, middle, (at) => [-power[at], power[at]]);
  }

  divisions(pen, height, width, pixel) {
    pen.fillStyle = colour("--line", this.rest.canvas);
    for (const fraction of this.marks) pen.fillRect(fraction * width, 0, pixel, height);
  }

  /** One closed shape: along the highest to the right, along the lowest back. */
  fill(pen, ink, width, middle, pair) {
    const count = this.outline.low.length;
    const reach = middle * 0.96 * this.scale;
    const y = (value) => middle - Math.max(-1, Math.min(1, value)) * reach;
    pen.beginPath();
    for (let at = 0; at < count; at += 1) pen.lineTo((width * (at + 0.5)) / count, y(pair(at)[1]) - 0.4);
    for (let at = count - 1; at >= 0; at -= 1) pen.lineTo((width * (at + 0.5)) / count, y(pair(at)[0]) + 0.4);
    pen.closePath();
    pen.fillStyle = ink;
    pen.fill();
  }

  follow(event, seek) {
    if (event.button !== 0) return;
    const box = this.element.getBoundingClientRect();
    const tell = (one) => seek(Math.max(0, Math.min(1, (one.clientX - box.left) / box.width)));
    tell(event);
    if (event.pointerType === "touch") return; // a finger that moves on scrolls the page
    const moved = (one) => tell(one);
    const over = () => window.removeEventListener("pointermove", moved);
    window.addEventListener("pointermove", moved);
    window.addEventListener("pointerup", over, { once: true });
  }
}
