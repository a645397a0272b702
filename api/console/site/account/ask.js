// Dialogs of the account: a question before what cannot be undone, and a secret shown once.

import { announce, h } from "../elements.js";
import { say } from "../words.js";
import { refused } from "./frame.js";

let asked = 0;

/**
 * Ask before something is done that cannot be undone. `act()` does it; while it is refused the
 * dialog stays and says why. Gives what `act` gave, or null where the person thought better of it.
 */
export function confirm({ title, body, label, act, tone = "danger" }) {
  return open(title, (close) => {
    const told = h("div", { role: "alert" });
    const no = h("button", { type: "button", on: { click: () => close(null) } }, say("account.cancel"));
    const yes = h("button", { type: "button", class: tone, on: { click: () => go() } }, label);
    async function go() {
      if (yes.getAttribute("aria-disabled") === "true") return;
      yes.setAttribute("aria-disabled", "true");
      try {
        close((await act()) ?? true);
      } catch (error) {
        told.replaceChildren(...refused(error));
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
  line.nextElementSibling?.matches(".secret-told") && line.nextElementSibling.remove();
  line.after(h("p", { class: "secret-told quiet" }, text));
}

/** A modal of the browser's own: it keeps the focus inside and gives it back. */
function open(title, fill, { stays = false } = {}) {
  return new Promise((done) => {
    asked += 1;
    const heading = h("h2", { id: `asked-${asked}` }, title);
    const made = h("dialog", { class: "account-dialog", "aria-labelledby": heading.id });
    const before = document.activeElement;
    const close = (answer) => {
      made.close();
      made.remove();
      window.removeEventListener("hashchange", left);
      if (before?.isConnected) before.focus();
      done(answer);
    };
    const left = () => close(null);
    const { content, focus } = fill(close);
    made.append(heading, ...content);
    made.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (!stays) close(null);
    });
    window.addEventListener("hashchange", left);
    document.body.append(made);
    made.showModal();
    focus.focus();
  });
}
