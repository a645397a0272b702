// Several words out of a list: typed with suggestions, kept as chips that a press takes away.

import { announce, h, named, replace } from "../elements.js";
import { bring, say } from "../words.js";

bring({
  en: { "picker.remove": "Remove {name}", "picker.added": "{name} added", "picker.removed": "{name} removed" },
  zh: { "picker.remove": "移除{name}", "picker.added": "已添加{name}", "picker.removed": "已移除{name}" },
});

/** `options`: ids; `nameOf(id)`: what they are called. Words that are no option are kept too: the
 * gateway says what it would take. */
export function picker(options, nameOf, { changed }) {
  let chosen = [];
  const suggestions = h("datalist", { id: named("options") },
    options.map((id) => h("option", { value: nameOf(id) })));
  const chips = h("ul", { class: "chips" });
  const input = h("input", { type: "text", autocomplete: "off", list: suggestions.id,
    on: { keydown: pressed, change: () => take(), input: suggested } });
  const byName = new Map(options.map((id) => [nameOf(id).toLowerCase(), id]));

  function take() {
    const words = input.value.split(/[,，、;]/).map((one) => one.trim()).filter(Boolean);
    input.value = "";
    for (const word of words) add(byName.get(word.toLowerCase()) ?? word.toLowerCase().replaceAll(" ", "_"));
  }

  function add(id) {
    if (chosen.includes(id)) return;
    chosen.push(id);
    announce(say("picker.added", { name: nameOf(id) }));
    show();
    changed();
  }

  function remove(id) {
    chosen = chosen.filter((one) => one !== id);
    announce(say("picker.removed", { name: nameOf(id) }));
    show();
    changed();
    input.focus();
  }

  function pressed(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && input.value.trim()) {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && input.value === "" && chosen.length) {
      remove(chosen.at(-1));
    }
  }

  /** A suggestion that was chosen with the mouse arrives whole. */
  function suggested(event) {
    if (event.inputType === "insertReplacementText" || /[,，、;]/.test(input.value)) take();
  }

  function show() {
    replace(chips, chosen.map((id) => h("li", {}, h("button", { type: "button", class: "chip",
      "aria-label": say("picker.remove", { name: nameOf(id) }), on: { click: () => remove(id) } },
      nameOf(id), h("span", { "aria-hidden": "true" }, "×")))));
    chips.hidden = chosen.length === 0;
  }

  show();
  return {
    input,
    below: [chips, suggestions],
    value: () => [...chosen],
    fill: (ids) => { chosen = [...ids]; show(); },
  };
}
