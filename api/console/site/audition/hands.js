// The keyboard: single keys for what an ear needs while the eyes are elsewhere.

import { shortcuts, typing } from "../frame.js";
import { say } from "../words.js";

const PRESSED = "button, a, summary, input";

/** Listen to keys. `does`: key → what to do, called with the event; a key is `event.key` in lower
 * case, digits by `digit(n)`, shifted keys by "shift+…". Answers how to end it. */
export function hands(does, told) {
  let clicked = null;
  const click = (event) => { clicked = event.target.closest?.(PRESSED) ?? null; };
  const heard = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (writes(event.target) || document.querySelector("dialog[open]")) return;
    const pressed = event.key.toLowerCase();
    if (pressed === "tab") clicked = null;
    if (own(event.target, pressed, clicked)) return;
    // A shifted digit is another sign on every keyboard; its code is the same.
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1] ?? (/^[1-9]$/.test(pressed) ? pressed : null);
    const act = digit !== null && does.digit
      ? () => does.digit(Number(digit), event.shiftKey)
      : (event.shiftKey && does[`shift+${pressed}`]) || does[pressed];
    if (act === undefined) return;
    event.preventDefault();
    act(event);
  };
  document.addEventListener("keydown", heard);
  document.addEventListener("pointerdown", click);
  const forget = shortcuts(told.map(([keys, name]) => [keys, say(name)]));
  return () => {
    document.removeEventListener("keydown", heard);
    document.removeEventListener("pointerdown", click);
    forget();
  };
}

/** Whether somebody types there; a slider takes no letters. */
function writes(target) {
  return typing(target) && !["range", "checkbox", "file"].includes(target.type);
}

/** Whether what has the focus needs this key for itself. Who came there by keyboard presses a button
 * with the space bar; who has just clicked it, or is on a sound's own button, plays and stops. */
function own(target, pressed, clicked) {
  if (target.closest?.("[data-hear]")) return false;
  if (pressed === " ") {
    const held = target.closest?.(PRESSED) ?? null;
    return held !== null && held !== clicked;
  }
  if (pressed.startsWith("arrow") || pressed === "home") {
    return Boolean(target.closest?.("input, select, .wide"));
  }
  return false;
}
