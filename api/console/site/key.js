// Where somebody pastes a key; it stays in this tab unless asked to stay in the browser.

import { call, keep } from "./door.js";
import { field, h, mark, problem, replace } from "./elements.js";
import { bring, say } from "./words.js";

bring({
  en: {
    "key.title": "Your API key",
    "key.about": "The console does what your key may do, and nothing else. The key stays in this browser.",
    "key.label": "Key",
    "key.hint": "It begins with sk_.",
    "key.stay": "Keep it in this browser until I forget it",
    "key.open": "Open the console",
    "key.wrong": "This key opens nothing; it may have been revoked, or cut off when it was copied.",
    "key.empty": "Paste a key first.",
  },
  zh: {
    "key.title": "您的 API 密钥",
    "key.about": "控制台只能做密钥允许的事。密钥只保存在这个浏览器里。",
    "key.label": "密钥",
    "key.hint": "以 sk_ 开头。",
    "key.stay": "在这个浏览器里保存,直到我选择忘记",
    "key.open": "打开控制台",
    "key.wrong": "这个密钥无效:可能已被撤销,或复制时不完整。",
    "key.empty": "请先粘贴密钥。",
  },
});

/** Fill the page. */
export async function show(place, route) {
  const secret = h("input", { type: "password", autocomplete: "off", spellcheck: false, required: true });
  const stay = h("input", { type: "checkbox" });
  const said = h("div", { class: "said" });
  const form = h("form", { class: "card narrow", noValidate: true, on: { submit: open } },
    field(say("key.label"), secret, say("key.hint")),
    h("label", { class: "check" }, stay, h("span", {}, say("key.stay"))),
    said, h("button", { class: "primary" }, say("key.open")));
  replace(place, h("h1", {}, say("key.title")), h("p", { class: "lead" }, say("key.about")), form);
  secret.focus();

  async function open(event) {
    event.preventDefault();
    const given = secret.value.trim();
    mark(secret, ...(given ? [] : [say("key.empty")]));
    if (!given) return;
    if (!/^[!-~]+$/.test(given)) return mark(secret, say("key.wrong"));
    const enter = (where) => {
      keep(given, { stay: stay.checked });
      location.replace(`#${where}`);
    };
    try {
      await call("GET", "/v1/balance", { as: given });
      enter(safe(route.query.get("then")));
    } catch (error) {
      // A key without the scope to read the balance is a key all the same.
      if (error.status === 403) enter("/");
      else if (error.status === 401) mark(secret, say("key.wrong"));
      else replace(said, problem(error));
    }
  }
}

/** Only a page of ours. */
function safe(then) {
  return then?.startsWith("/") && !then.startsWith("/key") ? then : "/";
}
