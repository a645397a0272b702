// What stands around every page: where one can go, what is left to spend, language and light.

import { call, forget, key } from "./door.js";
import { dialog, h, replace, svg } from "./elements.js";
import { bring, languages, number, say, speak, spoken } from "./words.js";

bring({
  en: {
    "frame.skip": "To the page",
    "frame.menu": "Menu",
    "frame.pages": "Pages",
    "frame.new": "New brief",
    "frame.briefs": "Briefs",
    "frame.batches": "Batches",
    "frame.licenses": "Licenses",
    "frame.account": "Account",
    "frame.docs": "Documentation",
    "frame.tokens": "{n} tokens left",
    "frame.theme": "Light or dark",
    "frame.theme.auto": "System",
    "frame.theme.light": "Light",
    "frame.theme.dark": "Dark",
    "frame.language": "Language",
    "frame.leave": "Forget the key",
    "frame.shortcuts": "Keyboard",
    "frame.shortcuts.hint": "They do nothing while you type.",
    "frame.shortcuts.this": "these keys",
    "frame.then": "then",
  },
  zh: {
    "frame.skip": "跳到正文",
    "frame.menu": "菜单",
    "frame.pages": "页面",
    "frame.new": "新建需求",
    "frame.briefs": "需求",
    "frame.batches": "批量",
    "frame.licenses": "许可证",
    "frame.account": "账户",
    "frame.docs": "文档",
    "frame.tokens": "剩余 {n} 个代币",
    "frame.theme": "浅色或深色",
    "frame.theme.auto": "跟随系统",
    "frame.theme.light": "浅色",
    "frame.theme.dark": "深色",
    "frame.language": "语言",
    "frame.leave": "忘记密钥",
    "frame.shortcuts": "快捷键",
    "frame.shortcuts.hint": "输入文字时不起作用。",
    "frame.shortcuts.this": "显示快捷键",
    "frame.then": "然后",
  },
});

const PAGES = [
  ["briefs", "#/"], ["batches", "#/batches"], ["licenses", "#/licenses"],
  ["account", "#/account/usage"],
];
const THEMES = ["auto", "light", "dark"];
/** Pressed after g. */
const PLACES = { n: "new", b: "briefs", l: "licenses", a: "batches", u: "account" };
const HASHES = Object.fromEntries([["new", "#/new"], ...PAGES]);

let frame;
let again;
let tokens;

/** Build it once; `again` shows the page anew, after a change of language. */
export function build(place, asked) {
  [frame, again] = [place, asked.again];
  tokens = h("a", { class: "tokens", href: "#/account/usage", hidden: true });
  draw();
  document.addEventListener("keydown", hearKeys);
  window.addEventListener("tokens", renewTokens);
}

/** Say which page is shown. */
export function follow(parts) {
  const at = hrefOf(parts);
  for (const link of frame.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === at) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  openMenu(false);
  renewTokens();
}

function hrefOf([first]) {
  if (first === undefined || first === "briefs") return "#/";
  return first === "account" ? "#/account/usage" : `#/${first}`;
}

function draw() {
  replace(frame,
    h("button", { class: "skip", on: { click: () => document.getElementById("main").focus() } },
      say("frame.skip")),
    h("header", { class: "bar" },
      h("a", { class: "brand", href: "#/" }, mark(), h("span", {}, "Cuesmith")),
      tokens,
      h("button", { class: "bare menu", "aria-expanded": "false", "aria-controls": "pages",
        on: { click: (event) => openMenu(event.currentTarget.getAttribute("aria-expanded") !== "true") } },
        lines(), h("span", { class: "unseen" }, say("frame.menu")))),
    h("nav", { id: "pages", "aria-label": say("frame.pages") },
      h("a", { class: "button primary", href: "#/new" }, say("frame.new")),
      h("ul", {}, PAGES.map(([name, href]) => h("li", {}, h("a", { href }, say(`frame.${name}`))))),
      h("div", { class: "foot" },
        h("a", { href: "/docs" }, say("frame.docs")),
        choice("frame.language", languages(), spoken(), (name) => { speak(name); draw(); again(); }),
        choice("frame.theme", Object.fromEntries(THEMES.map((one) => [one, say(`frame.theme.${one}`)])),
          document.documentElement.dataset.theme ?? "auto", dressIn),
        h("div", { class: "row" },
          h("button", { class: "bare", on: { click: showShortcuts } }, say("frame.shortcuts")),
          h("button", { class: "bare", on: { click: leave } }, say("frame.leave"))))));
}

function choice(label, options, chosen, choose) {
  return h("label", { class: "choice" }, h("span", {}, say(label)),
    h("select", { value: chosen, on: { change: (event) => choose(event.target.value) } },
      Object.entries(options).map(([value, name]) => h("option", { value }, name))));
}

function dressIn(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "auto") localStorage.removeItem("cuesmith.theme");
    else localStorage.setItem("cuesmith.theme", theme);
  } catch {
    // A browser that keeps nothing follows the system next time.
  }
}

function leave() {
  forget();
  sessionStorage.removeItem("cuesmith.draft"); // the next key may be somebody else's
  location.hash = "#/key";
}

function openMenu(open) {
  frame.querySelector(".menu")?.setAttribute("aria-expanded", String(open));
  frame.classList.toggle("open", open);
}

async function renewTokens() {
  if (key() === null) {
    tokens.hidden = true;
    return;
  }
  try {
    const { balance } = await call("GET", "/v1/balance");
    const left = balance.available;
    replace(tokens, h("span", { "aria-hidden": "true" }, number(left)), " ",
      h("span", { class: "unseen" }, say("frame.tokens", { n: left })), coin());
    tokens.title = say("frame.tokens", { n: left });
    tokens.hidden = false;
  } catch {
    // The page below says what is wrong; a number that may be old is worse than none.
    tokens.hidden = true;
  }
}

// --- keys ---

let prefix = false;

function hearKeys(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") openMenu(false);
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") showShortcuts();
  else if (event.key === "g") {
    prefix = true;
    setTimeout(() => { prefix = false; }, 1500);
    return;
  } else if (prefix && event.key in PLACES) {
    event.preventDefault();
    location.hash = HASHES[PLACES[event.key]];
  }
  prefix = false;
}

/** Whether a key belongs to what has the focus. */
export function typing(target) {
  return target.isContentEditable || target.closest?.("input, textarea, select") !== null;
}

/** Pages tell their keys here: `[[key, what it does], …]`; forgotten with the page. */
export function shortcuts(pairs) {
  own = pairs;
  return () => { if (own === pairs) own = []; };
}

let own = [];

function showShortcuts() {
  const places = Object.entries(PLACES).map(([letter, name]) =>
    [["g", letter], say(`frame.${name}`)]);
  const rows = [...own.map(([pressed, does]) => [[pressed].flat(), does]), ...places,
    [["?"], say("frame.shortcuts.this")]];
  dialog(say("frame.shortcuts"),
    h("dl", { class: "shortcuts" }, rows.map(([pressed, does]) => [
      h("dt", {}, pressed.map((one, at) => [at ? ` ${say("frame.then")} ` : null, h("kbd", {}, one)])),
      h("dd", {}, does)])),
    h("p", { class: "hint" }, say("frame.shortcuts.hint")));
}

// --- drawings ---

function mark() {
  return svg("svg", { viewBox: "0 0 32 32", width: 24, height: 24, "aria-hidden": "true" },
    svg("path", { d: "M8 13v6M13.3 9v14M18.7 11.5v9M24 14.5v3", stroke: "currentColor",
      "stroke-width": "2.8", "stroke-linecap": "round", fill: "none" }));
}

function lines() {
  return svg("svg", { viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" },
    svg("path", { d: "M4 7h16M4 12h16M4 17h16", stroke: "currentColor", "stroke-width": "2",
      "stroke-linecap": "round" }));
}

function coin() {
  return svg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" },
    svg("circle", { cx: 8, cy: 8, r: 6, fill: "none", stroke: "currentColor", "stroke-width": "1.6" }),
    svg("path", { d: "M8 5.2v5.6", stroke: "currentColor", "stroke-width": "1.6", "stroke-linecap": "round" }));
}
