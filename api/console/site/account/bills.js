// Invoices as Stripe wrote them, and what the next one would say.

import { call } from "../door.js";
import { h, replace, table } from "../elements.js";
import { bring, money, number, say, when } from "../words.js";
import { busy, chip, facts, further, outward, section, until } from "./frame.js";

const TONES = { open: "warn", paid: "good", uncollectible: "bad", void: "quiet", draft: "quiet" };

/** The part of a page with the account's invoices; a prepaid account without any has none. */
export async function invoices(billing, signal) {
  const page = (cursor) => call("GET", `/v1/invoices?${new URLSearchParams({ limit: "20", ...(cursor ? { cursor } : {}) })}`, { signal });
  const { items, next_cursor } = await page(null);
  if (billing === "prepaid" && items.length === 0) return "";
  const list = h("ul", { class: "cards" }, items.map(card));
  const more = further(page, (some) => list.append(...some.map(card)), next_cursor);
  return section(say("bills.title"),
    billing === "postpaid" ? preview(signal) : null,
    items.length === 0 ? h("p", { class: "hint" }, say("bills.none")) : [list, more]);
}

function card(one) {
  const due = one.status === "open" && one.due_at ? say("bills.due", { at: when(one.due_at) }) : null;
  const grace = one.status === "open" && one.grace_until ? say("bills.grace", { at: when(one.grace_until) }) : null;
  return h("li", { class: "card" },
    h("h3", {}, one.number ?? one.id, " ", chip(say(`bills.${one.status}`), TONES[one.status])),
    facts([
      [say("bills.period"), span(one)],
      [say("bills.total"), money(one.total_minor, one.currency)],
      [say("bills.paid_amount"), one.paid_minor ? money(one.paid_minor, one.currency) : null],
      [say("bills.credited"), one.credited_minor ? money(one.credited_minor, one.currency) : null],
      [say("account.token_count"), number(one.tokens)],
    ]),
    due || grace ? h("p", { class: "notice" }, [due, grace].filter(Boolean).join(" ")) : null,
    h("details", {}, h("summary", {}, say("bills.lines")), lines(one)),
    h("div", { class: "card-end" },
      outward(one.hosted_url, say(one.status === "open" ? "bills.pay" : "bills.see"), { class: "button" }),
      outward(one.pdf_url, "PDF", { class: "button" })));
}

function span(one) {
  return `${when(one.period_start)} – ${when(one.period_end)}`;
}

function lines(one) {
  return table(
    [say("account.what"), { text: say("account.token_count"), class: "number" }, { text: say("bills.total"), class: "number" }],
    one.lines.map((line) => [line.description ?? "", line.tokens ? number(line.tokens) : "", money(line.amount_minor, one.currency)]),
    say("bills.lines"));
}

function preview(signal) {
  const place = h("div");
  const ask = h("button", { type: "button", on: { click: () => busy(ask, asked) } }, say("bills.preview"));
  async function asked() {
    const first = await call("POST", "/v1/invoices/preview", { wait: 20, signal });
    const made = await until(() => call("GET", `/v1/invoices/previews/${first.id}`, { signal }), (one) => one.status !== "requested", signal, { tries: 20 });
    const { preview: next, detail } = made;
    replace(place, next
      ? h("div", { class: "card" }, facts([[say("bills.period"), span(next)], [say("bills.total"), money(next.total_minor, next.currency)], [say("account.token_count"), number(next.tokens)]]), lines(next))
      : h("p", { class: "notice" }, say("bills.no_preview"), detail ? ` ${detail}` : ""));
  }
  return h("div", { class: "stack" }, h("div", {}, ask), h("p", { class: "hint" }, say("bills.behind")), place);
}

bring({
  en: {
    "bills.title": "Invoices",
    "bills.none": "There are no invoices yet.",
    "bills.draft": "draft",
    "bills.open": "to be paid",
    "bills.paid": "paid",
    "bills.uncollectible": "not paid",
    "bills.void": "void",
    "bills.due": "Due {at}.",
    "bills.grace": "Unpaid after {at}, the account is frozen.",
    "bills.period": "Period",
    "bills.total": "Amount",
    "bills.paid_amount": "Paid",
    "bills.credited": "Credited",
    "bills.lines": "Lines",
    "bills.pay": "Pay",
    "bills.see": "See the invoice",
    "bills.preview": "What the next invoice would say",
    "bills.behind": "Stripe counts some minutes behind.",
    "bills.no_preview": "Stripe gave no answer.",
  },
  zh: {
    "bills.title": "发票",
    "bills.none": "还没有发票。",
    "bills.draft": "草稿",
    "bills.open": "待付款",
    "bills.paid": "已付款",
    "bills.uncollectible": "未收到付款",
    "bills.void": "已作废",
    "bills.due": "{at} 到期。",
    "bills.grace": "{at} 之后仍未付款，账户将被冻结。",
    "bills.period": "期间",
    "bills.total": "金额",
    "bills.paid_amount": "已付",
    "bills.credited": "已抵扣",
    "bills.lines": "明细",
    "bills.pay": "付款",
    "bills.see": "查看发票",
    "bills.preview": "预览下一张发票",
    "bills.behind": "Stripe 的计数会晚几分钟。",
    "bills.no_preview": "Stripe 没有回答。",
  },
});
