// The keyboard: single keys for what an ear needs while the eyes are elsewhere.

import { shortcuts, typing } from "../frame.js";
import { say } from "../words.js";

/** Listen to keys. `does`: key → what to do, called with the event; a key is `event.key` in lower
 * case, digits by `digit(n)`, shifted keys by "shift+…". Answers how to end it. */
export function hands(does, told) {
  const heard = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (writes(event.target) || document.querySelector("dialog[open]")) return;
    const pressed = event.key.toLowerCase();
    if (own(event.target, pressed)) return;
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
  const forget = shortcuts(told.map(([keys, name]) => [keys, say(name)]));
  return () => {
    document.removeEventListener("keydown", heard);
    forget();
  };
}

/** Whether somebody types there; a slider takes no letters. */
function writes(target) {
  return typing(target) && !["range", "checkbox", "file"].includes(target.type);
}

/** Whether what has the focus needs this key for itself. A sound's own button does not: there the
 * space bar plays and stops, as it does everywhere else. */
function own(target, pressed) {
  if (target.closest?.("[data-hear]")) return false;
  if (pressed === " ") return target.closest?.("button, a, summary, input, select") !== null;
  if (pressed.startsWith("arrow") || pressed === "home") {
    return target.closest?.("input, select, .wide") !== null;
  }
  return false;
}
