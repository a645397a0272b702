// What every page of the account has: its place among the others, and how it fails.

import { key, rest } from "../door.js";
import { h, problem, replace, table } from "../elements.js";
import { bring, say, spoken } from "../words.js";

const PAGES = ["usage", "statements", "budgets", "invoices", "keys", "webhooks"];

/** A page's heading and its neighbours; returns where its content goes. */
export function frame(place, page, ...beside) {
  const content = h("div", { class: "account-content" });
  replace(
    place,
    h("div", { class: "account" }, neighbours(page), heading(say(`account.${page}`), ...beside), content),
  );
  // On a phone the row of pages is wider than the screen.
  place.querySelector(".account-nav [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
  return content;
}

/** The title of a page with what can be done beside it. */
export function heading(title, ...beside) {
  return h("header", { class: "account-head" }, h("h1", {}, title), ...beside);
}

function neighbours(page) {
  const link = (name) =>
    h(
      "a",
      { href: `#/account/${name}`, ...(name === page ? { "aria-current": "page" } : {}) },
      say(`account.${name}`),
    );
  return h(
    "nav",
    { class: "account-nav", "aria-label": say("account.pages") },
    h("ul", {}, ...PAGES.map((name) => h("li", {}, link(name)))),
  );
}

/** A part of a page under a heading of its own. */
export function section(title, ...children) {
  return h("section", { class: "account-part" }, h("h2", {}, title), ...children);
}

/** Fill a place with what is being fetched; a refusal takes its place, with a way to try again. */
export async function filled(place, fetch, signal) {
  if (!place.hasChildNodes()) replace(place, h("p", { class: "hint" }, say("account.loading")));
  place.setAttribute("aria-busy", "true");
  try {
    const found = await fetch();
    if (!signal?.aborted) replace(place, ...[found].flat());
  } catch (error) {
    if (!signal?.aborted && error.name !== "AbortError") replace(place, ...refused(error, () => filled(place, fetch, signal)));
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/** A refusal in place of what was asked for. */
export function refused(error, again) {
  const code = error.problem?.code;
  if (code === "scope_missing") {
    return [
      h("p", { class: "notice" }, say("account.scope", { detail: error.problem.detail })),
      h("p", {}, h("a", { href: "#/key" }, say("account.other_key"))),
    ];
  }
  if (!again) return [problem(error)];
  return [problem(error), h("div", {}, h("button", { type: "button", on: { click: again } }, say("account.again")))];
}

/** Do something once however often it is asked for. */
export async function busy(control, work) {
  if (control.getAttribute("aria-disabled") === "true") return;
  control.setAttribute("aria-disabled", "true");
  control.parentElement?.querySelector(":scope > .problem-here")?.remove();
  try {
    await work();
  } catch (error) {
    if (error.name === "AbortError") return;
    const told = h("div", { class: "problem-here" }, ...refused(error));
    if (control.isConnected) control.after(told);
  } finally {
    control.removeAttribute("aria-disabled");
  }
}

/** The button under a list that goes on after `cursor`: `fetch(cursor)` gives `{items, next_cursor}`,
 * `show(items)` adds them. */
export function further(fetch, show, cursor) {
  const more = h("button", { type: "button", class: "more", hidden: cursor === null }, say("account.more"));
  more.addEventListener("click", () =>
    busy(more, async () => {
      const page = await fetch(cursor);
      cursor = page.next_cursor;
      show(page.items);
      more.hidden = cursor === null;
    }),
  );
  return more;
}

/** Add rows to what `table` made. */
export function grow(made, heads, rows) {
  const added = table(heads, rows).querySelector("tbody");
  made.querySelector("tbody").append(...added.children);
}

/** What dates and prices are written by where words.js has no form for them. */
export function locale() {
  return spoken() === "zh" ? "zh-CN" : "en-GB";
}

/** A small word about a state; `tone` is good, warn, bad or quiet. */
export function chip(text, tone = "quiet") {
  return h("span", { class: tone === "quiet" ? "badge" : `badge ${tone}` }, text);
}

/** Names and values, as a list. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h(
    "dl",
    { class: "facts" },
    ...shown.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

/** A link that leads out of the console; nothing but http and https is followed. */
export function outward(url, label, attributes = {}) {
  const safe = /^https?:\/\//i.test(url ?? "");
  if (!safe) return "";
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...attributes }, `${label} ↗`);
}

/** Give a file to the person who asked for it. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Whether a key is the one this console works with: its hint is how its secret begins. */
export function isOwn(one) {
  return Boolean(key()?.startsWith(one.hint));
}

/** Ask again, ever more slowly, until `over(found)`; gives what was found last. */
export async function until(ask, over, signal, { tries = 60, first = 1, slowest = 10 } = {}) {
  let found = await ask();
  for (let tried = 1; tried < tries && !over(found); tried += 1) {
    await rest(Math.min(slowest, first * 1.3 ** (tried - 1)), signal);
    found = await ask();
  }
  return found;
}

bring({
  en: {
    "account.pages": "Account",
    "account.usage": "Usage",
    "account.statements": "Statements",
    "account.budgets": "Budgets",
    "account.invoices": "Tokens and invoices",
    "account.keys": "API keys",
    "account.webhooks": "Webhooks",
    "account.loading": "Loading …",
    "account.again": "Try again",
    "account.more": "Show more",
    "account.scope": "This key may not see this: {detail}.",
    "account.other_key": "Use another key",
    "account.tokens": "{n|one token|{n} tokens}",
    "account.none": "none",
    "account.token_count": "Tokens",
    "account.look": "Look again",
    "account.buy": "Buy tokens",
    "account.line": "Line",
    "account.state": "State",
    "account.at": "When",
    "account.what": "What",
    "account.made_at": "Made",
    "account.how_much": "Say how many tokens a month: a whole number, 0 or more.",
    "account.cancel": "Cancel",
    "account.copy": "Copy",
    "account.copied": "Copied",
    "account.copy_by_hand": "Could not copy: it is selected, press Ctrl+C",
    "account.saved": "I have kept it",
    "account.once": "This secret is shown once. Nobody can show it again, we neither: put it where it is needed now.",
  },
  zh: {
    "account.pages": "账户",
    "account.usage": "用量",
    "account.statements": "对账单",
    "account.budgets": "预算",
    "account.invoices": "代币与发票",
    "account.keys": "API 密钥",
    "account.webhooks": "Webhook",
    "account.loading": "正在载入…",
    "account.again": "重试",
    "account.more": "显示更多",
    "account.scope": "此密钥无权查看：{detail}。",
    "account.other_key": "使用其他密钥",
    "account.tokens": "{n} 代币",
    "account.none": "无",
    "account.token_count": "代币",
    "account.look": "重新查看",
    "account.buy": "购买代币",
    "account.line": "行",
    "account.state": "状态",
    "account.at": "时间",
    "account.what": "事项",
    "account.made_at": "建立",
    "account.how_much": "请填写每月代币数：0 或更大的整数。",
    "account.cancel": "取消",
    "account.copy": "复制",
    "account.copied": "已复制",
    "account.copy_by_hand": "无法自动复制：已选中，请按 Ctrl+C",
    "account.saved": "我已妥善保存",
    "account.once": "此密文只显示这一次，之后任何人（包括我们）都无法再次显示：请现在就把它放到需要的地方。",
  },
});
