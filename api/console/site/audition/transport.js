// Play, place, loop, loudness: the bar above everything that sounds.

import { h, replace, svg } from "../elements.js";
import { say } from "../words.js";

/** The bar of a deck. `toggles`: more buttons `{label, hint, on, flip(on)}`; `where(position)`: words
 * for a place in the music; `moved(fraction)`: called as often as the picture is drawn. */
export function transport(deck, { toggles = [], where = () => "", moved = () => {} } = {}) {
  const play = h("button", { type: "button", class: "primary play", on: { click: () => flip(deck) } });
  const clock = h("output", { class: "clock", "aria-live": "off" });
  const words = h("span", { class: "where", "aria-live": "off" });
  const place = h("input", { type: "range", min: 0, max: 1000, step: 1, value: 0, class: "place",
    "aria-label": say("audition.position"),
    on: { input: () => deck.seek((deck.duration * Number(place.value)) / 1000) } });
  const volume = h("input", { type: "range", min: 0, max: 100, step: 1, value: 100, class: "volume",
    "aria-label": say("audition.volume"),
    on: { input: () => deck.volume((Number(volume.value) / 100) ** 2) } });
  const buttons = toggles.map(toggle);
  const element = h("div", { class: "transport", role: "group", "aria-label": say("audition.play") },
    play, h("div", { class: "times" }, clock, words), place, h("div", { class: "toggles" }, buttons),
    h("label", { class: "loud" }, speaker(), volume));

  let drawn = 0;
  const draw = () => {
    drawn = 0;
    const { position, duration, playing } = deck;
    replace(clock, h("b", {}, time(position)), ` / ${time(duration)}`);
    words.textContent = where(position);
    const at = duration ? position / duration : 0;
    place.value = String(Math.round(1000 * at));
    place.setAttribute("aria-valuetext",
      say("audition.position.said", { at: time(position), of: time(duration) }));
    moved(at);
    if (playing) drawn = requestAnimationFrame(draw);
  };
  const state = () => {
    replace(play, deck.playing ? bars() : triangle());
    play.setAttribute("aria-label", say(deck.playing ? "audition.pause" : "audition.play"));
    play.disabled = deck.sounds.size === 0;
    cancelAnimationFrame(drawn);
    draw();
  };
  deck.addEventListener("state", state);
  state();
  return { element, buttons, draw, close: () => cancelAnimationFrame(drawn) };
}

/** Play where it stands, or stop. */
export function flip(deck) {
  if (deck.playing) deck.pause();
  else deck.play();
}

/** A button that is on or off; `show(on)` from elsewhere. */
function toggle({ label, hint, on, flip: flipped }) {
  const button = h("button", { type: "button", class: "toggle", title: hint, "aria-pressed": String(on),
    on: { click: () => flipped(button.getAttribute("aria-pressed") !== "true") } }, label);
  button.show = (is) => button.setAttribute("aria-pressed", String(is));
  return button;
}

/** 1:04.3 */
export function time(seconds) {
  const tenths = Math.floor(seconds * 10 + 1e-6);
  const [minutes, rest] = [Math.floor(tenths / 600), tenths % 600];
  return `${minutes}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
}

function icon(...drawn) {
  return svg("svg", { viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" }, ...drawn);
}

export function triangle() {
  return icon(svg("path", { d: "M8 5.5v13l11-6.5z", fill: "currentColor" }));
}

export function bars() {
  return icon(svg("path", { d: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z", fill: "currentColor" }));
}

function speaker() {
  return icon(svg("path", { d: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z", fill: "currentColor" }),
    svg("path", { d: "M15 9a4 4 0 0 1 0 6M17.5 6.5a8 8 0 0 1 0 11", fill: "none", stroke: "currentColor",
      "stroke-width": "1.8", "stroke-linecap": "round" }));
}
