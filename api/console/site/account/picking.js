// Licensing the best candidate of many lines at once, after saying what that costs.

import { call } from "../door.js";
import { announce, h, replace } from "../elements.js";
import { bring, say } from "../words.js";
import { confirm } from "./ask.js";
import { form, Wrong } from "./form.js";
import { bestOf, pageOf } from "./results.js";

const AT_ONCE = 100;
const PAGE = 1000;
const ENDED = ["succeeded", "partially_succeeded", "canceled", "expired", "failed"];

/** A form for the lines and the least rating; `renew` shows what has changed. */
export function picker(path, batch, renew, signal) {
  const from = h("input", { type: "number", inputMode: "numeric", min: "1", step: "1", value: "1" });
  const to = h("input", { type: "number", inputMode: "numeric", min: "1", step: "1", value: String(batch().briefs) });
  const least = h("input", { type: "number", inputMode: "decimal", min: "0", max: "1", step: "0.05", value: "0" });
  const told = h("div", { "aria-live": "polite" });
  const made = form(
    [
      { pointer: "/first_line", label: say("picking.from"), input: from, read: () => Number(from.value) },
      { pointer: "/last_line", label: say("picking.to"), input: to, read: () => Number(to.value) },
      { pointer: "/rating_min", label: say("picking.least"), input: least, hint: say("picking.least_hint"), read: () => Number(least.value) },
    ],
    say("picking.price"),
    ask,
    { name: say("batch.license"), inline: true },
  );
  async function ask(values) {
    const wanted = checked(values, batch().briefs);
    replace(told, h("p", {}, say("picking.counting")));
    const { count, tokens, unpriced } = await cost(path, wanted, signal);
    replace(told);
    if (count === 0) return replace(told, h("p", { class: "notice" }, say("picking.nothing")));
    const done = await confirm({
      title: say("picking.title", { n: count }),
      body: [h("p", {}, unpriced ? say("picking.unpriced") : say("picking.costs", { n: tokens })), h("p", {}, say("picking.final"))],
      label: unpriced ? say("picking.go") : say("picking.go_for", { n: tokens }),
      tone: "primary",
      act: () => all(path, wanted, signal),
    });
    if (done === null) return undefined;
    replace(told, outcome(done));
    announce(say("picking.licensed", { n: done.picks.length }));
    window.dispatchEvent(new Event("tokens"));
    return renew();
  }
  return h("div", {}, h("p", { class: "hint" }, say("picking.about")), made, told);
}

function checked(values, lines) {
  const [first, last, rating] = [values["/first_line"], values["/last_line"], values["/rating_min"]];
  const isLine = (n) => Number.isInteger(n) && n >= 1 && n <= lines;
  if (!isLine(first)) throw new Wrong("/first_line", say("picking.line", { n: lines }));
  if (!isLine(last) || last < first) throw new Wrong("/last_line", say("picking.line_after", { first, n: lines }));
  if (!(rating >= 0 && rating <= 1)) throw new Wrong("/rating_min", say("picking.rating"));
  return { first, last, rating };
}

/** How many lines would be licensed now, and for how many tokens. */
async function cost(path, { first, last, rating }, signal) {
  const found = { count: 0, tokens: 0, unpriced: false };
  let cursor = null;
  do {
    const page = await pageOf(path, { limit: String(PAGE), cursor: cursor ?? "" }, signal);
    cursor = page.items.at(-1)?.line < last ? page.next_cursor : null;
    for (const one of page.items) {
      if (one.line < first || one.line > last || !wants(one, rating)) continue;
      found.count += 1;
      if (one.tokens.license === undefined) found.unpriced = true;
      else found.tokens += one.tokens.license;
    }
  } while (cursor !== null);
  return found;
}

function wants({ status, candidates }, rating) {
  if (!ENDED.includes(status) || candidates.some((one) => one.license)) return false;
  const offered = candidates.filter((one) => one.status === "ready");
  return offered.length > 0 && bestOf(offered).rating >= rating;
}

/** All lines, so many at once; it ends where the gateway says that it goes no further. */
async function all(path, { first, last, rating }, signal) {
  const whole = { picks: [], skipped: [], stopped: null };
  for (let at = first; at <= last && whole.stopped === null; at += AT_ONCE) {
    const body = { first_line: at, last_line: Math.min(last, at + AT_ONCE - 1), rating_min: rating };
    const some = await call("POST", `${path}/picks`, { body, signal });
    whole.picks.push(...some.picks.filter((one) => one.new !== false));
    whole.skipped.push(...some.skipped);
    whole.stopped = some.stopped;
  }
  return whole;
}

function outcome({ picks, stopped }) {
  const tokens = picks.reduce((sum, one) => sum + one.tokens, 0);
  return h("div", { class: "notice" },
    h("p", {}, say("picking.licensed", { n: picks.length }), " ", say("picking.paid", { n: tokens })),
    stopped === null ? null : h("p", {}, say(stopped === "insufficient_tokens" ? "picking.short" : "picking.stopped", { code: stopped })),
    stopped === "insufficient_tokens" ? h("a", { class: "button", href: "#/account/invoices" }, say("account.buy")) : null);
}

bring({
  en: {
    "picking.about": "Of every line that has ended and has no license yet, the best candidate is licensed. You see the price before anything is bought.",
    "picking.from": "From line",
    "picking.to": "To line",
    "picking.least": "Rated at least",
    "picking.least_hint": "0 to 1; lines whose best candidate is rated lower are left out.",
    "picking.price": "What does it cost?",
    "picking.counting": "Counting …",
    "picking.nothing": "No line among these can be licensed: none has ended with a candidate rated so high, or all have their license.",
    "picking.title": "License {n|one track|{n} tracks}?",
    "picking.costs": "This costs {n|one token|{n} tokens}.",
    "picking.unpriced": "Each costs what a license of its length costs by your price book.",
    "picking.final": "Licenses are not given back.",
    "picking.go": "License",
    "picking.go_for": "License for {n|one token|{n} tokens}",
    "picking.licensed": "{n|One track is|{n} tracks are} licensed.",
    "picking.paid": "{n|One token was|{n} tokens were} paid.",
    "picking.stopped": "It stopped there: {code}. What was licensed stays; repeat it to go on.",
    "picking.short": "There it stopped, for the tokens are used up. What was licensed stays; repeat it to go on.",
    "picking.line": "A line from 1 to {n}.",
    "picking.line_after": "A line from {first} to {n}.",
    "picking.rating": "A number from 0 to 1.",
  },
  zh: {
    "picking.about": "对每一行已结束且尚未授权的需求，授权其最佳候选。购买前会显示价格。",
    "picking.from": "起始行",
    "picking.to": "结束行",
    "picking.least": "最低评分",
    "picking.least_hint": "0 到 1；最佳候选低于此评分的行不授权。",
    "picking.price": "需要多少代币？",
    "picking.counting": "正在计算…",
    "picking.nothing": "这些行都无法授权：没有评分足够高的已完成候选，或都已授权。",
    "picking.title": "授权 {n} 首？",
    "picking.costs": "共需 {n} 代币。",
    "picking.unpriced": "每首按您的价目表中相应长度的授权价计费。",
    "picking.final": "授权不可退回。",
    "picking.go": "授权",
    "picking.go_for": "以 {n} 代币授权",
    "picking.licensed": "已授权 {n} 首。",
    "picking.paid": "已付 {n} 代币。",
    "picking.stopped": "在此停止：{code}。已授权的保留；可重复操作以继续。",
    "picking.short": "代币已用完，在此停止。已授权的保留；充值后可重复操作以继续。",
    "picking.line": "请填写 1 到 {n} 之间的行号。",
    "picking.line_after": "请填写 {first} 到 {n} 之间的行号。",
    "picking.rating": "请填写 0 到 1 之间的数。",
  },
});
