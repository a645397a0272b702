// Canvases that stay sharp on dense screens and follow the page's colours.

/** A canvas that fills its place and calls `draw(pen, width, height)` in CSS pixels whenever its
 * size, the screen's density or the theme changes. `said`: what it shows, for who does not see. */
export class Picture {
  constructor(name, draw) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = name;
    this.paint = draw;
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
    this.off = onTheme(() => this.draw());
  }

  describe(said) {
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", said);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    const dense = Math.min(4, window.devicePixelRatio || 1);
    const [across, down] = [Math.round(width * dense), Math.round(height * dense)];
    if (this.canvas.width !== across || this.canvas.height !== down) {
      Object.assign(this.canvas, { width: across, height: down });
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(across / width, 0, 0, down / height, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.paint(pen, width, height, 1 / dense);
  }

  close() {
    this.sizes.disconnect();
    this.off();
  }
}

/** A colour of the page by its name, such as `--accent`. */
export function colour(name, element = document.documentElement) {
  return getComputedStyle(element).getPropertyValue(name).trim() || "currentColor";
}

/** Call when light and dark change, whoever changed them; answers how to end it. */
export function onTheme(changed) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", changed);
  return () => {
    chosen.disconnect();
    dark.removeEventListener("change", changed);
  };
}
