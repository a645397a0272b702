// A month as a statement that proves itself: opening, what moved, closing, line by line; as files.

import { call, file } from "../door.js";
import { h, replace, table } from "../elements.js";
import { bring, number, say, when } from "../words.js";
import { choice } from "./form.js";
import { busy, chip, filled, frame, further, grow, locale, save, section } from "./frame.js";
import { keyNames } from "./keynames.js";

const MONTHS = 24;
const PAGE = 100;
const SUMS = ["day,sku", "kind", "key", "project", "customer_ref", "project,customer_ref"];

/** The page; the month stands in the address: `#/account/statements?month=2026-11`. */
export async function show(place, route) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const content = frame(place, "statements");
  const months = latest(MONTHS);
  const asked = route.query.get("month");
  const month = choice(months.map((one) => [one, spelled(one)]), months.includes(asked) ? asked : months[0]);
  const shown = h("div");
  const load = () => filled(shown, () => statement(month.value, signal), signal);
  month.addEventListener("change", () => {
    history.replaceState(null, "", `#/account/statements?month=${month.value}`);
    load();
  });
  replace(
    content,
    h("div", { class: "controls" }, h("label", { class: "control" }, h("span", {}, say("statements.month")), month)),
    shown,
  );
  load();
  return () => leaving.abort();
}

function latest(count) {
  const now = new Date();
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

function spelled(month) {
  const shape = { timeZone: "UTC", year: "numeric", month: "long" };
  return new Intl.DateTimeFormat(locale(), shape).format(new Date(`${month}-01T00:00:00Z`));
}

async function statement(month, signal) {
  const [found, names] = await Promise.all([
    call("GET", `/v1/statements/${month}?limit=${PAGE}`, { signal }),
    keyNames(signal),
  ]);
  return [proof(found), files(month), section(say("statements.lines"), ...lines(month, found, names, signal))];
}

function proof(found) {
  const moved = found.moved.map((one) => [
    kindOf(one.kind), number(one.count), signed(one.tokens),
  ]);
  const total = found.moved.reduce((sum, one) => sum + one.tokens, found.opening);
  const state = found.complete ? chip(say("statements.complete"), "good") : chip(say("statements.running"));
  const proves = total === found.closing ? chip(say("statements.proved"), "good") : chip(say("statements.unproved"), "bad");
  return section(
    say("statements.sums"),
    h("p", {}, state, " ", proves),
    table(
      [say("account.what"), figure("statements.count"), figure("account.token_count")],
      [
        [h("b", {}, say("statements.opening")), "", number(found.opening)],
        ...moved,
        [h("b", {}, say("statements.closing")), "", h("b", {}, number(found.closing))],
      ],
      say("statements.sums"),
    ),
  );
}

function files(month) {
  const what = choice([["", say("statements.each_line")], ...SUMS.map((one) => [one, say(`statements.sum_${one.replace(",", "_")}`)])], "");
  const get = (form, label) => {
    const made = h("button", { type: "button", on: { click: () => busy(made, () => fetched(form)) } }, label);
    return made;
  };
  async function fetched(form) {
    const query = new URLSearchParams({ format: form, ...(what.value ? { group_by: what.value } : {}) });
    const name = ["cuesmith", month, ...(what.value ? [what.value.replace(",", "-")] : [])].join("-");
    save(await file(`/v1/statements/${month}?${query}`), `${name}.${form}`);
  }
  return section(
    say("statements.files"),
    h(
      "div",
      { class: "controls" },
      h("label", { class: "control" }, h("span", {}, say("statements.content")), what),
      h("span", { class: "control" }, get("csv", say("statements.csv"))),
      h("span", { class: "control" }, get("jsonl", say("statements.jsonl"))),
    ),
  );
}

function lines(month, first, names, signal) {
  if (first.lines.length === 0) return [h("p", { class: "hint" }, say("statements.none"))];
  const heads = [
    say("account.at"), say("account.what"), figure("account.token_count"), figure("statements.after"),
    say("statements.for"),
  ];
  const made = table(heads, first.lines.map((one) => row(one, names)), say("statements.lines"));
  const more = further(
    async (cursor) => {
      const query = new URLSearchParams({ limit: String(PAGE), cursor });
      const page = await call("GET", `/v1/statements/${month}?${query}`, { signal });
      return { items: page.lines, next_cursor: page.next_cursor };
    },
    (items) => grow(made, heads, items.map((one) => row(one, names))),
    first.next_cursor,
  );
  return [made, more];
}

function row(one, names) {
  return [
    h("time", { dateTime: one.created_at }, when(one.created_at)),
    [kindOf(one.kind), one.brief_kind ? h("small", {}, one.brief_kind) : null],
    signed(one.tokens),
    number(one.balance_after),
    belongs(one, names),
  ];
}

function figure(name) {
  return { text: say(name), class: "number" };
}

function belongs(one, names) {
  const parts = [
    one.brief?.startsWith("brf_") ? h("a", { class: "mono", href: `#/briefs/${one.brief}` }, one.brief) : h("span", { class: "mono" }, one.brief ?? one.reference),
    one.license ? h("a", { class: "mono", href: `#/licenses/${one.license}` }, one.license) : "",
    one.key ? h("small", {}, names[one.key] ?? one.key) : "",
    one.project ? h("small", {}, one.project) : "",
    one.customer_ref ? h("small", {}, one.customer_ref) : "",
  ];
  return h("div", { class: "belongs" }, ...parts);
}

function kindOf(kind) {
  return say(`statements.kind_${kind}`);
}

function signed(tokens) {
  const text = tokens > 0 ? `+${number(tokens)}` : number(tokens).replace("-", "−");
  return h("span", { class: tokens > 0 ? "came" : "went" }, text);
}

bring({
  en: {
    "statements.month": "Month (UTC)",
    "statements.sums": "Sums",
    "statements.complete": "complete: will not change",
    "statements.running": "the month is not over",
    "statements.proved": "opening and lines add up to closing",
    "statements.unproved": "does not add up: please tell us",
    "statements.opening": "Opening",
    "statements.closing": "Closing",
    "statements.count": "How often",
    "statements.after": "Left after",
    "statements.for": "For",
    "statements.lines": "Lines",
    "statements.none": "Nothing moved in this month.",
    "statements.files": "Download",
    "statements.content": "Content",
    "statements.each_line": "Every line",
    "statements.sum_day_sku": "Sums by day",
    "statements.sum_kind": "Sums by kind of music",
    "statements.sum_key": "Sums by API key",
    "statements.sum_project": "Sums by project",
    "statements.sum_customer_ref": "Sums by customer reference",
    "statements.sum_project_customer_ref": "Sums by project and customer",
    "statements.csv": "CSV",
    "statements.jsonl": "JSON lines",
    "statements.kind_audition": "Audition",
    "statements.kind_license": "License",
    "statements.kind_topup": "Top-up",
    "statements.kind_grant": "Granted",
    "statements.kind_refund": "Given back",
    "statements.kind_expiry": "Expired",
    "statements.kind_clawback": "Taken back after a refund",
    "statements.kind_reinstatement": "Put back",
    "statements.kind_repayment": "Debt repaid",
    "statements.kind_settlement": "Invoice settled",
  },
  zh: {
    "statements.month": "月份（UTC）",
    "statements.sums": "汇总",
    "statements.complete": "已完结，不再变化",
    "statements.running": "本月尚未结束",
    "statements.proved": "期初加明细等于期末",
    "statements.unproved": "账目不符：请告知我们",
    "statements.opening": "期初",
    "statements.closing": "期末",
    "statements.count": "次数",
    "statements.after": "之后余额",
    "statements.for": "对应",
    "statements.lines": "明细",
    "statements.none": "这个月没有变动。",
    "statements.files": "下载",
    "statements.content": "内容",
    "statements.each_line": "逐行明细",
    "statements.sum_day_sku": "按日汇总",
    "statements.sum_kind": "按音乐类型汇总",
    "statements.sum_key": "按 API 密钥汇总",
    "statements.sum_project": "按项目汇总",
    "statements.sum_customer_ref": "按客户编号汇总",
    "statements.sum_project_customer_ref": "按项目与客户汇总",
    "statements.csv": "CSV",
    "statements.jsonl": "JSON 行",
    "statements.kind_audition": "试听",
    "statements.kind_license": "许可证",
    "statements.kind_topup": "充值",
    "statements.kind_grant": "赠送",
    "statements.kind_refund": "退回",
    "statements.kind_expiry": "到期",
    "statements.kind_clawback": "退款后收回",
    "statements.kind_reinstatement": "恢复",
    "statements.kind_repayment": "偿还欠款",
    "statements.kind_settlement": "发票结清",
  },
});
