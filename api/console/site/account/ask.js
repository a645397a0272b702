// Dialogs of the account: a question before what cannot be undone, and a secret shown once.

import { announce, h, named, replace } from "../elements.js";
import { say } from "../words.js";
import { refused } from "./frame.js";

/**
 * Ask before something is done that cannot be undone. `act()` does it; while it is refused the
 * dialog stays and says why. Gives what `act` gave, or null where the person thought better of it.
 */
export function confirm({ title, body, label, act, tone = "danger" }) {
  return open(title, (close) => {
    const told = h("div");
    const no = h("button", { type: "button", on: { click: () => close(null) } }, say("account.cancel"));
    const yes = h("button", { type: "button", class: tone, on: { click: () => go() } }, label);
    async function go() {
      if (yes.getAttribute("aria-disabled") === "true") return;
      yes.setAttribute("aria-disabled", "true");
      try {
        close((await act()) ?? true);
      } catch (error) {
        replace(told, refused(error));
        yes.removeAttribute("aria-disabled");
      }
    }
    return { content: [...[body].flat(), told, h("div", { class: "form-end" }, yes, no)], focus: no };
  });
}

/** Show a secret, once. It stays until the person says that it is kept. */
export function showSecret({ title, secret, beside = [] }) {
  return open(
    title,
    (close) => {
      const shown = h("input", { class: "secret", readonly: true, value: secret, "aria-label": title, autocomplete: "off", spellcheck: false });
      const copy = h("button", { type: "button", class: "primary", on: { click: () => copied(shown) } }, say("account.copy"));
      const done = h("button", { type: "button", on: { click: () => close(true) } }, say("account.saved"));
      return {
        content: [
          h("p", { class: "notice" }, say("account.once")),
          h("div", { class: "secret-line" }, shown, copy),
          ...beside,
          h("div", { class: "form-end" }, done),
        ],
        focus: copy,
      };
    },
    { stays: true },
  );
}

async function copied(shown) {
  try {
    await navigator.clipboard.writeText(shown.value);
    announce(say("account.copied"));
    told(shown, say("account.copied"));
  } catch {
    shown.focus();
    shown.select();
    told(shown, say("account.copy_by_hand"));
  }
}

function told(shown, text) {
  const line = shown.parentElement;
  if (line.nextElementSibling?.matches(".secret-told")) line.nextElementSibling.remove();
  line.after(h("p", { class: "secret-told hint" }, text));
}

/** A modal of the browser's own: it keeps the focus inside and gives it back. */
function open(title, fill, { stays = false } = {}) {
  return new Promise((done) => {
    const heading = h("h2", { id: named("asked") }, title);
    let answer = null;
    const close = (given) => {
      answer = given;
      made.close();
    };
    const { content, focus } = fill(close);
    const made = h("dialog", { "aria-labelledby": heading.id },
      h("header", {}, heading), h("div", { class: "within" }, content));
    if (stays) made.setAttribute("closedby", "none");
    // A secret that is shown once is not lost to a key pressed by mistake.
    made.addEventListener("cancel", (event) => { if (stays) event.preventDefault(); });
    // However it is closed, also by leaving the page.
    made.addEventListener("close", () => {
      made.remove();
      done(answer);
    });
    document.body.append(made);
    made.showModal();
    focus.focus();
  });
}
