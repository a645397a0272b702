// Buying tokens, what was bought, invoices, and Stripe's portal. Paying happens on Stripe's pages.

import { call } from "../door.js";
import { announce, h, replace, table } from "../elements.js";
import { bring, money, number, say, when } from "../words.js";
import { choice } from "./form.js";
import { busy, chip, filled, frame, further, grow, locale, outward, section, until } from "./frame.js";
import { invoices } from "./bills.js";

const TONES = { requested: "quiet", open: "warn", paid: "good", expired: "quiet", failed: "bad" };
const WAIT_S = 20;

/** The page. */
export async function show(place) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const content = frame(place, "invoices");
  const shop = h("div");
  const bought = topups(signal);
  const bills = h("div");
  replace(content, shop, section(say("topups.title"), bought.element), bills, section(say("portal.title"), portal(signal)));
  filled(shop, async () => {
    const { billing, mode, prices } = await call("GET", "/v1/capabilities", { signal });
    filled(bills, () => invoices(billing, signal), signal);
    if (billing === "postpaid") return h("p", { class: "lead" }, say("packs.postpaid"));
    return section(say("packs.title"), packs(prices, mode, bought, signal));
  }, signal);
  bought.renew();
  return () => leaving.abort();
}

function packs(prices, mode, bought, signal) {
  const currency = choice(prices.currencies.map((one) => [one, one.toUpperCase()]), prices.currencies[0]);
  const offers = h("ul", { class: "cards packs" });
  const draw = () => replace(offers, prices.packs.filter((one) => one.currency === currency.value).map((one) => offer(one, bought, signal)));
  currency.addEventListener("change", draw);
  draw();
  return [
    h("p", {}, say("packs.about"), mode === "test" ? [" ", chip(say("packs.test"), "warn")] : null),
    h("div", { class: "controls" }, h("label", { class: "control" }, h("span", {}, say("packs.currency")), currency)),
    offers,
  ];
}

function offer(pack, bought, signal) {
  const price = money(pack.amount_minor, pack.currency);
  const place = h("div");
  const buy = h("button", { type: "button", class: "primary", on: { click: () => busy(buy, ask) },
    "aria-label": say("packs.buy_this", { n: pack.tokens, price }) }, say("packs.buy"));
  async function ask() {
    const body = { tokens: pack.tokens, currency: pack.currency };
    let topup = await call("POST", "/v1/topups", { body, wait: WAIT_S, signal });
    await bought.renew();
    topup = await until(() => call("GET", `/v1/topups/${topup.id}`, { signal }), (one) => one.status !== "requested", signal, { tries: 20 });
    replace(place, pay(topup));
    place.querySelector("a")?.focus();
    announce(say(topup.checkout_url ? "packs.ready" : `topups.${topup.status}`));
    await bought.renew();
    bought.follow(topup.id, () => replace(place));
  }
  return h("li", { class: "card pack" },
    h("h3", {}, say("account.tokens", { n: pack.tokens })),
    h("p", { class: "price" }, price),
    h("p", { class: "hint" }, say("packs.each", { price: each(pack) }),
      " · ", pack.months ? say("packs.months", { n: pack.months }) : say("packs.stays")),
    buy, place);
}

/** What one token of a pack costs, to a hundredth of the currency's smallest unit. */
function each({ amount_minor, tokens, currency }) {
  const format = new Intl.NumberFormat(locale(), { style: "currency", currency });
  const { maximumFractionDigits: digits } = format.resolvedOptions();
  const finer = new Intl.NumberFormat(locale(), { style: "currency", currency, maximumFractionDigits: digits + 2 });
  return finer.format(amount_minor / 10 ** digits / tokens);
}

function pay(topup) {
  if (!topup.checkout_url) return h("p", { class: "notice" }, say(`topups.${topup.status}`), topup.detail ? ` ${topup.detail}` : "");
  return h("div", { class: "notice" }, h("p", {}, say("packs.go")), outward(topup.checkout_url, say("packs.checkout"), { class: "button primary" }));
}

function topups(signal) {
  const place = h("div");
  const followed = new Map();
  const heads = [
    say("account.at"), { text: say("account.token_count"), class: "number" },
    { text: say("topups.price"), class: "number" }, say("account.state"),
  ];
  const renew = () => filled(place, async () => {
    const page = (cursor) => call("GET", `/v1/topups?${new URLSearchParams({ limit: "20", ...(cursor ? { cursor } : {}) })}`, { signal });
    const { items, next_cursor } = await page(null);
    if (items.length === 0) return h("p", { class: "hint" }, say("topups.none"));
    for (const one of items) if (one.status === "requested" || one.status === "open") follow(one.id);
    const made = table(heads, items.map(line), say("topups.title"));
    return [made, further(page, (more) => grow(made, heads, more.map(line)), next_cursor)];
  }, signal);
  /** Watch a top-up until its money has come, or will not. */
  async function follow(id, then = () => {}) {
    if (followed.has(id)) return followed.get(id).push(then);
    followed.set(id, [then]);
    try {
      const over = (one) => !["requested", "open"].includes(one.status);
      const last = await until(() => call("GET", `/v1/topups/${id}`, { signal }), over, signal, { tries: 400, first: 2, slowest: 8 });
      announce(say("topups.now", { n: last.tokens, state: say(`topups.${last.status}`) }));
      for (const one of followed.get(id)) one();
      window.dispatchEvent(new Event("tokens"));
      await renew();
    } catch (error) {
      if (error.name !== "AbortError") followed.delete(id);
    }
    return undefined;
  }
  return { element: place, renew, follow };
}

function line(one) {
  return [
    h("time", { dateTime: one.created_at }, when(one.created_at)),
    number(one.tokens),
    money(one.amount_minor, one.currency),
    h("div", { class: "belongs" }, chip(say(`topups.${one.status}`), TONES[one.status]),
      one.status === "open" ? outward(one.checkout_url, say("packs.checkout")) : null,
      one.detail ? h("small", {}, one.detail) : null),
  ];
}

function portal(signal) {
  const place = h("div");
  const open = h("button", { type: "button", on: { click: () => busy(open, ask) } }, say("portal.open"));
  async function ask() {
    const asked = await call("POST", "/v1/portal", { body: { return_url: location.href }, wait: WAIT_S, signal });
    const made = await until(() => call("GET", `/v1/portal/${asked.id}`, { signal }), (one) => one.status !== "requested", signal, { tries: 20 });
    replace(place, made.url
      ? h("div", { class: "notice" }, h("p", {}, say("portal.ready")), outward(made.url, say("portal.go"), { class: "button primary" }))
      : h("p", { class: "notice" }, say("portal.failed"), made.detail ? ` ${made.detail}` : ""));
    place.querySelector("a")?.focus();
  }
  return h("div", { class: "stack" }, h("p", { class: "hint" }, say("portal.about")), h("div", {}, open), place);
}

bring({
  en: {
    "packs.title": "Buy tokens",
    "packs.about": "You pay on Stripe's page; nothing is charged before. Tokens arrive when the payment has.",
    "packs.test": "Test account: no money moves",
    "packs.postpaid": "This account pays by invoice; it buys no packs.",
    "packs.currency": "Currency",
    "packs.buy": "Buy",
    "packs.buy_this": "Buy {n} tokens for {price}",
    "packs.each": "{price} a token",
    "packs.months": "last {n} months",
    "packs.stays": "do not expire",
    "packs.go": "The checkout is ready. It opens in a new tab; come back here afterwards.",
    "packs.ready": "The checkout is ready.",
    "packs.checkout": "Open the checkout",
    "topups.title": "Top-ups",
    "topups.none": "Nothing was bought yet.",
    "topups.price": "Price",
    "topups.now": "The top-up of {n} tokens: {state}.",
    "topups.requested": "being prepared",
    "topups.open": "waits for payment",
    "topups.paid": "paid",
    "topups.expired": "not paid in time",
    "topups.failed": "failed",
    "portal.title": "Cards, addresses and receipts",
    "portal.about": "They are kept by Stripe. The link is yours alone: whoever has it acts for this account for some minutes.",
    "portal.open": "Ask for a link to Stripe's portal",
    "portal.ready": "The link is ready; it is good for some minutes.",
    "portal.go": "Open Stripe's portal",
    "portal.failed": "Stripe gave no link.",
  },
  zh: {
    "packs.title": "购买代币",
    "packs.about": "在 Stripe 的页面付款，此前不会扣款。付款到账后代币立即到账。",
    "packs.test": "测试账户：不涉及真实资金",
    "packs.postpaid": "此账户按发票付款，无需购买代币包。",
    "packs.currency": "币种",
    "packs.buy": "购买",
    "packs.buy_this": "购买 {n} 代币，{price}",
    "packs.each": "每代币 {price}",
    "packs.months": "有效期 {n} 个月",
    "packs.stays": "永不过期",
    "packs.go": "结账页已准备好，将在新标签页打开；付款后请回到这里。",
    "packs.ready": "结账页已准备好。",
    "packs.checkout": "打开结账页",
    "topups.title": "充值记录",
    "topups.none": "还没有购买过。",
    "topups.price": "价格",
    "topups.now": "{n} 代币的充值：{state}。",
    "topups.requested": "准备中",
    "topups.open": "待付款",
    "topups.paid": "已付款",
    "topups.expired": "逾期未付",
    "topups.failed": "失败",
    "portal.title": "银行卡、地址与收据",
    "portal.about": "由 Stripe 保管。链接只属于您：几分钟内，持有它的人可以代表此账户操作。",
    "portal.open": "获取 Stripe 门户链接",
    "portal.ready": "链接已准备好，几分钟内有效。",
    "portal.go": "打开 Stripe 门户",
    "portal.failed": "Stripe 没有给出链接。",
  },
});
