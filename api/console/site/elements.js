// Making elements. Strings become text, never markup: whatever a client wrote is shown as written.

import { bring, say } from "./words.js";

bring({
  en: {
    "elements.close": "Close",
    "elements.unreachable": "The gateway does not answer",
    "elements.unreachable.detail": "Nothing was sent twice. Check the connection and try again.",
    "elements.fault": "Something in this page went wrong",
    "elements.accepted": "Accepted: {limit}",
    "elements.between": "{min} to {max}",
    "elements.at_least": "at least {min}",
    "elements.at_most": "at most {max}",
    "elements.newkey": "Use another key",
    "elements.request": "Request {id}",
  },
  zh: {
    "elements.close": "关闭",
    "elements.unreachable": "网关没有响应",
    "elements.unreachable.detail": "没有任何内容被重复发送。请检查连接后再试。",
    "elements.fault": "页面出错了",
    "elements.accepted": "可接受:{limit}",
    "elements.between": "{min} 到 {max}",
    "elements.at_least": "至少 {min}",
    "elements.at_most": "至多 {max}",
    "elements.newkey": "换一个密钥",
    "elements.request": "请求 {id}",
  },
});

/** An element. `attributes`: `class`, `on: {click: f}`, `style: {width: "1px"}`, `data-…`,
 * `aria-…`, and properties such as `value` or `hidden`; null and undefined are left out.
 * Children: elements, strings, numbers, lists of them; null and false are left out. */
export function h(tag, attributes, ...children) {
  return dressed(document.createElement(tag), attributes, children);
}

/** The same for SVG, where everything is an attribute. */
export function svg(tag, attributes, ...children) {
  return dressed(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dressed(element, attributes, children) {
  // Children first: a select takes a value only when its options are there.
  element.append(...flat(children));
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined) continue;
    if (name === "on") {
      for (const [event, hear] of Object.entries(value)) element.addEventListener(event, hear);
    } else if (name === "class") {
      if (value) element.setAttribute("class", value);
    } else if (name === "style") {
      for (const [property, said] of Object.entries(value)) element.style.setProperty(property, said);
    } else if (isProperty(element, name)) {
      element[name] = value;
    } else if (value !== false || name.startsWith("aria-")) {
      element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : value);
    }
  }
  return element;
}

function isProperty(element, name) {
  const readOnly = name === "list" || name === "form";
  return element instanceof HTMLElement && name in element && !name.includes("-") && !readOnly;
}

function flat(children) {
  return children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false)
    .map((one) => (one instanceof Node ? one : String(one)));
}

/** Put these children where others were. */
export function replace(place, ...children) {
  place.replaceChildren(...flat(children));
  return place;
}

/** Say something to who does not see the page change. */
export function announce(text) {
  const place = document.getElementById("announcer");
  // The same sentence twice is a change only if something else stood there meanwhile.
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50);
}

/** An open dialog; Escape, its button and `close()` end it, and the focus goes back. */
export function dialog(title, ...children) {
  const heading = h("h2", { id: named("dialog") }, title);
  const shut = h("button", { type: "button", class: "bare", "aria-label": say("elements.close"),
    on: { click: () => made.close() } }, "×");
  const made = h("dialog", { "aria-labelledby": heading.id },
    h("header", {}, heading, shut), h("div", { class: "within" }, ...children));
  made.addEventListener("close", () => made.remove());
  made.addEventListener("click", (event) => { if (event.target === made) made.close(); });
  document.body.append(made);
  made.showModal();
  return made;
}

/** A table. `heads`: words or `{text, class}`; `rows`: lists of cells (text or elements). A class
 * of a head is its column's; `number` sets figures to the right. */
export function table(heads, rows, caption) {
  const columns = heads.map((one) => (typeof one === "string" ? { text: one } : one));
  const head = columns.map((one) => h("th", { scope: "col", class: one.class }, one.text));
  const body = rows.map((cells) => h("tr", {}, cells.map((cell, at) =>
    h("td", { class: columns[at]?.class, "data-head": columns[at]?.text }, cell))));
  // It may be wider than a phone; who has no mouse scrolls it with the arrow keys.
  return h("div", { class: "wide", tabIndex: 0, role: "group", "aria-label": caption },
    h("table", {}, caption ? h("caption", {}, caption) : null,
      h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)));
}

/** A labelled input with a hint below it and a place for what is wrong with it. */
export function field(label, input, hint) {
  input.id ||= named("field");
  const below = hint ? h("p", { class: "hint", id: `${input.id}-hint` }, hint) : null;
  const wrong = h("p", { class: "wrong", id: `${input.id}-wrong`, hidden: true });
  input.setAttribute("aria-describedby", [below?.id, wrong.id].filter(Boolean).join(" "));
  return h("div", { class: "field" }, h("label", { htmlFor: input.id }, label), input, below, wrong);
}

/** Say at an input of `field` what is wrong with it; nothing takes it back. */
export function mark(input, ...said) {
  const wrong = document.getElementById(`${input.id}-wrong`);
  if (wrong === null) return;
  wrong.hidden = said.length === 0;
  replace(wrong, ...said);
  if (said.length === 0) input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
}

/** A refusal, or whatever else went wrong, as a block: what it is, and what would be accepted. */
export function problem(error) {
  const said = error?.problem;
  if (said === undefined) return fault(error);
  const fields = (said.errors ?? []).map((one) => h("li", {},
    h("code", {}, one.pointer), " ", one.detail,
    one.limit === null || one.limit === undefined ? null
      : h("span", { class: "hint" }, say("elements.accepted", { limit: accepted(one.limit) }))));
  return h("div", { class: "problem", role: "alert" },
    h("strong", {}, said.title),
    // The detail of several reasons repeats them.
    fields.length ? h("ul", {}, fields) : h("p", {}, said.detail),
    error.status === 401 ? h("p", {}, h("a", { href: "#/key" }, say("elements.newkey"))) : null,
    said.request_id && error.status >= 500
      ? h("p", { class: "hint" }, say("elements.request", { id: said.request_id })) : null);
}

function fault(error) {
  const nobody = isUnreachable(error);
  return h("div", { class: "problem", role: "alert" },
    h("strong", {}, say(nobody ? "elements.unreachable" : "elements.fault")),
    h("p", {}, nobody ? say("elements.unreachable.detail") : String(error?.message ?? error)));
}

/** Whether nobody answered. Browsers say so by sentences only. */
export function isUnreachable(error) {
  return error instanceof TypeError && /fetch|network|load/i.test(error.message);
}

/** What would be accepted, in words. */
export function accepted(limit) {
  if (Array.isArray(limit)) return limit.map(accepted).join(", ");
  if (limit === null || typeof limit !== "object") return String(limit);
  const { min, max } = limit;
  if (min !== undefined && max !== undefined) return say("elements.between", { min, max });
  if (min !== undefined) return say("elements.at_least", { min });
  if (max !== undefined) return say("elements.at_most", { max });
  return Object.entries(limit).map(([name, value]) => `${name} ${accepted(value)}`).join(", ");
}

let names = 0;

/** A name that no other element has. */
export function named(stem) {
  names += 1;
  return `${stem}-${names}`;
}
