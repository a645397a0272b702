// What there is, what was spent on which day and by whom, and what the account was told.

import { call } from "../door.js";
import { h, replace, table } from "../elements.js";
import { bring, number, say, when } from "../words.js";
import { chart, days } from "./chart.js";
import { choice } from "./form.js";
import { chip, filled, frame, section } from "./frame.js";
import { keyNames } from "./keynames.js";
import { recent } from "./notices.js";

const SPANS = [7, 30, 90, 365];
const GROUPS = ["key", "project", "customer_ref", "kind", "sku"];

/** The page. */
export async function show(place) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const content = frame(place, "usage");
  const purse = h("div");
  const told = h("div");
  const spending = spent(signal);
  replace(content, purse, spending.element, section(say("notices.title"), told));
  filled(purse, async () => balance(await call("GET", "/v1/balance", { signal })), signal);
  spending.renew();
  filled(told, () => recent(signal), signal);
  return () => leaving.abort();
}

function balance({ balance: has, packs }) {
  const tile = (name, tokens, about) =>
    h("div", { class: "tile" }, h("dt", {}, say(`usage.${name}`)), h("dd", {}, number(tokens), about ? h("small", {}, about) : null));
  return [
    ...(has.frozen ? [h("p", { class: "notice notice-bad" }, say("usage.frozen"))] : []),
    h(
      "dl",
      { class: "tiles" },
      tile("available", has.available, say("usage.available_about")),
      tile("held", has.held, say("usage.held_about")),
      tile("posted", has.posted, say("usage.posted_about")),
      ...(has.credit_limit ? [tile("credit_limit", has.credit_limit, say("usage.credit_about"))] : []),
      ...(has.owed ? [tile("owed", has.owed, say("usage.owed_about"))] : []),
    ),
    has.mode === "prepaid"
      ? h("p", {}, h("a", { class: "button", href: "#/account/invoices" }, say("account.buy")))
      : "",
    packs.length > 0 ? lots(packs) : "",
  ];
}

function lots(packs) {
  return h(
    "details",
    {},
    h("summary", {}, say("usage.packs", { n: packs.length })),
    h(
      "ul",
      { class: "plain" },
      ...packs.map((one) =>
        h("li", {}, one.expires_at ? say("usage.pack", { n: one.tokens, at: when(one.expires_at) }) : say("usage.pack_stays", { n: one.tokens })),
      ),
    ),
  );
}

function spent(signal) {
  const span = choice(SPANS.map((n) => [String(n), say("usage.days", { n })]), "30");
  const group = choice(GROUPS.map((one) => [one, say(`usage.by_${one}`)]), "key");
  const drawing = h("div");
  const groups = h("div");
  span.addEventListener("change", () => renew());
  group.addEventListener("change", () => by());
  async function asked(columns) {
    const until = new Date();
    const since = new Date(until.getTime() - (Number(span.value) - 1) * 86_400_000);
    since.setUTCHours(0, 0, 0, 0);
    const query = new URLSearchParams({
      since: since.toISOString(), until: until.toISOString(), group_by: columns, limit: "1",
    });
    return call("GET", `/v1/usage?${query}`, { signal });
  }
  const draw = () =>
    filled(drawing, async () => {
      const found = await asked("day,sku");
      return [sums(found), chart(days(found.spent, found.since, found.until))];
    }, signal);
  const by = () =>
    filled(groups, async () => {
      const [found, names] = await Promise.all([asked(group.value), group.value === "key" ? keyNames(signal) : {}]);
      return shares(found.spent, group.value, names);
    }, signal);
  const renew = () => Promise.all([draw(), by()]);
  const element = section(
    say("usage.spent"),
    h("div", { class: "controls" }, labelled(say("usage.span"), span)),
    drawing,
    h("div", { class: "controls" }, labelled(say("usage.group"), group)),
    groups,
    h("p", { class: "hint" }, say("usage.more"), " ", h("a", { href: "#/account/statements" }, say("account.statements"))),
  );
  return { element, renew };
}

function labelled(text, control) {
  return h("label", { class: "control" }, h("span", {}, text), control);
}

function sums(found) {
  const back = found.returned_tokens ? ` · ${say("usage.returned", { n: found.returned_tokens })}` : "";
  return h("p", { class: "sum" }, h("b", {}, say("usage.total", { n: found.spent_tokens })), back);
}

function shares(spentBy, column, names) {
  if (spentBy.length === 0) return h("p", { class: "hint" }, say("usage.nothing"));
  const all = spentBy.reduce((sum, one) => sum + one.tokens, 0);
  const sorted = [...spentBy].sort((one, other) => other.tokens - one.tokens);
  return table(
    [
      say(`usage.by_${column}`),
      { text: say("account.token_count"), class: "number" },
      say("usage.share"),
      { text: say("usage.count"), class: "number" },
    ],
    sorted.map((one) => [
      named(one[column], column, names),
      number(one.tokens),
      meter(one.tokens, all),
      number(one.count),
    ]),
    say("usage.by_caption", { column: say(`usage.by_${column}`) }),
  );
}

function named(value, column, names) {
  if (value === null) return chip(say("account.none"));
  if (column === "sku") return say(`chart.${value}`);
  if (names[value] === undefined) return h("span", { class: "mono" }, value);
  return h("span", {}, names[value], h("small", { class: "mono" }, value));
}

/** A share of a whole as a bar with its number. */
function meter(part, whole) {
  const share = whole > 0 ? part / whole : 0;
  const bar = h("span", { class: "share-bar", "aria-hidden": "true" }, h("i"));
  bar.firstChild.style.width = `${Math.round(share * 100)}%`;
  return h("span", { class: "share" }, bar, `${Math.round(share * 100)} %`);
}

bring({
  en: {
    "usage.available": "Available",
    "usage.available_about": "what a new brief may take",
    "usage.held": "Held",
    "usage.held_about": "set aside for briefs that are being made",
    "usage.posted": "In the wallet",
    "usage.posted_about": "held tokens included",
    "usage.credit_limit": "Credit",
    "usage.credit_about": "may be spent before the invoice",
    "usage.owed": "Owed",
    "usage.owed_about": "spent before their payment went back",
    "usage.frozen": "This account is frozen: an invoice or a dispute is open. Nothing can be spent until it is settled.",
    "usage.packs": "When they expire ({n})",
    "usage.pack": "{n|One token|{n} tokens} until {at}",
    "usage.pack_stays": "{n|One token that does|{n} tokens that do} not expire",
    "usage.spent": "Spent",
    "usage.span": "Time",
    "usage.days": "{n} days",
    "usage.group": "Grouped by",
    "usage.by_key": "API key",
    "usage.by_project": "Project",
    "usage.by_customer_ref": "Customer reference",
    "usage.by_kind": "Kind",
    "usage.by_sku": "Audition or license",
    "usage.by_caption": "Tokens spent, by: {column}",
    "usage.share": "Share",
    "usage.count": "Auditions and licenses",
    "usage.total": "{n|One token|{n} tokens} spent",
    "usage.returned": "{n} given back",
    "usage.nothing": "Nothing was spent in this time.",
    "usage.more": "Every single line, and files to download:",
  },
  zh: {
    "usage.available": "可用",
    "usage.available_about": "新的需求可以动用的数量",
    "usage.held": "已预留",
    "usage.held_about": "为正在制作的需求预留",
    "usage.posted": "钱包余额",
    "usage.posted_about": "包含已预留的代币",
    "usage.credit_limit": "信用额度",
    "usage.credit_about": "出账前可以先花费",
    "usage.owed": "欠款",
    "usage.owed_about": "付款退回之前已经花掉的代币",
    "usage.frozen": "此账户已冻结：有未结清的发票或争议，结清之前无法花费。",
    "usage.packs": "到期时间（{n}）",
    "usage.pack": "{n} 代币，{at} 到期",
    "usage.pack_stays": "{n} 代币，永不过期",
    "usage.spent": "花费",
    "usage.span": "时间",
    "usage.days": "{n} 天",
    "usage.group": "分组",
    "usage.by_key": "API 密钥",
    "usage.by_project": "项目",
    "usage.by_customer_ref": "客户编号",
    "usage.by_kind": "类型",
    "usage.by_sku": "试听或授权",
    "usage.by_caption": "花费的代币，按{column}",
    "usage.share": "占比",
    "usage.count": "试听与授权次数",
    "usage.total": "共花费 {n} 代币",
    "usage.returned": "退回 {n}",
    "usage.nothing": "这段时间没有花费。",
    "usage.more": "逐行明细与可下载的文件：",
  },
});
