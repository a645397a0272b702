// Forms that keep what was typed and say at the field what would be accepted.

import { announce, field, h, mark, named, replace } from "../elements.js";
import { busy, refused } from "./frame.js";
import { reason } from "./reasons.js";

/**
 * A form of `entries`: `{pointer, label, input, hint, read}`; `input` is a control, or a fieldset.
 * `send(values)` gets what was read, by pointer; a refusal of it stands at its fields.
 */
export function form(entries, label, send, { name, beside = [], inline = false } = {}) {
  const rows = entries.map(row);
  const over = h("div", { class: "form-problem" });
  const go = h("button", { class: "primary", type: "submit" }, label);
  const made = h("form", { class: inline ? "account-form inline" : "account-form", noValidate: true, "aria-label": name },
    over, rows.map((one) => one.element), h("div", { class: "form-end" }, go, beside));
  async function sent() {
    rows.forEach((one) => mark(one.input));
    replace(over);
    try {
      await send(Object.fromEntries(rows.map((one) => [one.pointer, one.read()])));
    } catch (error) {
      if (error.name !== "AbortError") placed(error, rows, over);
    }
  }
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(go, sent);
  });
  return made;
}

/** A refusal that the page itself makes, before anything is sent. */
export class Wrong extends Error {
  constructor(pointer, detail) {
    super(detail);
    this.problem = { title: detail, detail, errors: [{ pointer, detail }] };
  }
}

function row({ pointer, label, input, hint, read }) {
  if (!input.matches("fieldset")) {
    return { pointer, input, read: read ?? (() => input.value.trim()), element: field(label, input, hint) };
  }
  input.id ||= named("field");
  const wrong = h("p", { class: "wrong", id: `${input.id}-wrong`, hidden: true });
  input.setAttribute("aria-describedby", wrong.id);
  return { pointer, input, read, element: h("div", { class: "field" }, input, wrong) };
}

function placed(error, rows, over) {
  let first = null;
  let left = 0;
  for (const one of error.problem?.errors ?? []) {
    const at = rows.find(({ pointer }) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`));
    if (at === undefined) {
      left += 1;
      continue;
    }
    mark(at.input, reason(one));
    first ??= at.input;
  }
  if (first === null || left > 0) replace(over, refused(error));
  announce(error.problem?.detail ?? error.message);
  const focus = first?.matches("fieldset") ? first.querySelector("input") : first;
  (focus ?? over.querySelector("a, button"))?.focus();
}

/** A choice among `[value, label]`. */
export function choice(options, chosen) {
  return h("select", { value: chosen }, options.map(([value, label]) => h("option", { value }, label)));
}

/** Boxes to tick, `[value, label, hint]`, as one group. */
export function boxes(legend, options, ticked) {
  const inputs = options.map(([value]) => h("input", { type: "checkbox", value, defaultChecked: ticked.includes(value) }));
  const group = h("fieldset", { class: "boxes" }, h("legend", {}, legend),
    options.map(([, label, hint], at) => h("label", { class: "box" }, inputs[at],
      h("span", {}, h("b", {}, label), hint ? h("small", {}, hint) : null))));
  return { group, read: () => inputs.filter((one) => one.checked).map((one) => one.value) };
}
