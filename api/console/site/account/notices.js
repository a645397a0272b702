// What the account was told: caps nearly spent, tokens that expire, invoices that failed.

import { call } from "../door.js";
import { h } from "../elements.js";
import { bring, number, say, when } from "../words.js";
import { keyNames } from "./keynames.js";
import { chip, outward } from "./frame.js";

const MOST_PAGES = 20;
const SHOWN = 8;
const TONES = {
  budget_50: "quiet", budget_80: "warn", budget_100: "bad", tokens_expiring: "warn",
  topup_refunded: "quiet", invoice_failed: "bad", dispute_opened: "bad", account_frozen: "bad",
  account_thawed: "good", webhook_endpoint_disabled: "bad", candidate_sealed: "bad",
};

/** All notices, newest first; the service tells them oldest first. */
export async function notices(signal) {
  const found = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ limit: "100", ...(cursor ? { cursor } : {}) });
    const { items, next_cursor } = await call("GET", `/v1/notices?${query}`, { signal });
    found.push(...items);
    cursor = next_cursor;
    if (cursor === null) break;
  }
  return found.reverse();
}

/** The newest as a list, the others behind a fold. */
export async function recent(signal, wanted = () => true) {
  const [told, names] = await Promise.all([notices(signal), keyNames(signal)]);
  const all = told.filter(wanted);
  if (all.length === 0) return h("p", { class: "hint" }, say("notices.none"));
  const rest = all.slice(SHOWN);
  return [
    list(all.slice(0, SHOWN), names),
    rest.length > 0
      ? h("details", {}, h("summary", {}, say("notices.older", { n: rest.length })), list(rest, names))
      : "",
  ];
}

function list(some, names) {
  return h("ul", { class: "notices" }, some.map((one) => line(one, names)));
}

function line(one, names) {
  const title = chip(say(TONES[one.kind] ? `notices.${one.kind}` : "notices.other", { kind: one.kind }), TONES[one.kind]);
  return h(
    "li",
    {},
    h("div", {}, title, " ", h("time", { class: "hint", datetime: one.created_at }, when(one.created_at))),
    h("div", {}, toldOf(one, names)),
  );
}

function toldOf({ kind, period, facts }, names) {
  if (kind.startsWith("budget_")) {
    const values = { subject: names[facts.subject] ?? facts.subject, spent: facts.spent, cap: facts.cap, month: period };
    return [say("notices.cap", values), " ", h("a", { href: "#/account/budgets" }, say("account.budgets"))];
  }
  if (kind === "tokens_expiring") {
    return [say("notices.expire", { n: facts.tokens, at: when(facts.expires_at) })];
  }
  if (kind === "webhook_endpoint_disabled") {
    return [say(`notices.why_${facts.why}`, { url: facts.url }), " ", h("a", { href: "#/account/webhooks" }, say("account.webhooks"))];
  }
  if (kind === "candidate_sealed") {
    return [say("notices.sealed", { number: facts.number, reason: facts.reason }), " ", h("a", { class: "mono", href: `#/briefs/${facts.brief}` }, facts.brief)];
  }
  const said = [facts.invoice, facts.dispute, facts.topup, facts.amount, facts.tokens ? say("account.tokens", { n: facts.tokens }) : null, facts.reason];
  const pay = facts.pay_at ? [" ", outward(facts.pay_at, say("notices.pay"))] : [];
  const grace = facts.grace_until ? [" ", say("notices.grace", { at: when(facts.grace_until) })] : [];
  return [said.filter(Boolean).join(" · "), ...grace, ...pay];
}

bring({
  en: {
    "notices.title": "Notices",
    "notices.none": "Nothing to tell.",
    "notices.older": "Older ones ({n})",
    "notices.other": "{kind}",
    "notices.budget_50": "Half of a cap is spent",
    "notices.budget_80": "80 % of a cap are spent",
    "notices.budget_100": "A cap is spent",
    "notices.tokens_expiring": "Tokens expire",
    "notices.topup_refunded": "A top-up was refunded",
    "notices.invoice_failed": "An invoice is unpaid",
    "notices.dispute_opened": "A payment is disputed",
    "notices.account_frozen": "The account is frozen",
    "notices.account_thawed": "The account is free again",
    "notices.webhook_endpoint_disabled": "A webhook endpoint was disabled",
    "notices.candidate_sealed": "A late candidate waits for tokens",
    "notices.cap": "{subject}: {spent} of {cap} tokens in {month}.",
    "notices.expire": "{n|One token expires|{n} tokens expire} at {at}.",
    "notices.why_gone": "{url} answered that it is gone.",
    "notices.why_failing": "{url} has failed for three days.",
    "notices.why_asked": "{url} was disabled by you.",
    "notices.sealed": "Candidate {number}: {reason}.",
    "notices.pay": "Pay",
    "notices.grace": "To be paid before {at}.",
  },
  zh: {
    "notices.title": "通知",
    "notices.none": "没有通知。",
    "notices.older": "更早的通知（{n}）",
    "notices.other": "{kind}",
    "notices.budget_50": "上限已用一半",
    "notices.budget_80": "上限已用 80 %",
    "notices.budget_100": "上限已用完",
    "notices.tokens_expiring": "代币即将到期",
    "notices.topup_refunded": "充值已退款",
    "notices.invoice_failed": "发票未付",
    "notices.dispute_opened": "付款有争议",
    "notices.account_frozen": "账户已冻结",
    "notices.account_thawed": "账户已恢复",
    "notices.webhook_endpoint_disabled": "Webhook 端点已停用",
    "notices.candidate_sealed": "迟到的候选在等待代币",
    "notices.cap": "{subject}：{month} 已用 {spent} / {cap} 代币。",
    "notices.expire": "{n} 代币将于 {at} 到期。",
    "notices.why_gone": "{url} 回答它已不存在。",
    "notices.why_failing": "{url} 已连续三天失败。",
    "notices.why_asked": "{url} 已由您停用。",
    "notices.sealed": "候选 {number}：{reason}。",
    "notices.pay": "付款",
    "notices.grace": "请在 {at} 之前付款。",
  },
});
