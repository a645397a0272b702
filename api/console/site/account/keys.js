// API keys: made with scopes and limits, rotated with an overlap, ended. A secret is shown once.

import { call, keep, key } from "../door.js";
import { announce, h, problem, replace } from "../elements.js";
import { bring, known, say, when } from "../words.js";
import { confirm, showSecret } from "./ask.js";
import { boxes, choice, form, Wrong } from "./form.js";
import { chip, facts, filled, frame, isOwn, section } from "./frame.js";

const SCOPES = ["briefs", "read", "billing", "admin"];
const USUAL = ["briefs", "read"];
const OVERLAPS = [86_400, 3600, 7 * 86_400, 0];

/** The page. */
export async function show(place) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const content = frame(place, "keys");
  const list = h("div");
  const load = () =>
    filled(list, async () => {
      const [{ items }, caps] = await Promise.all([call("GET", "/v1/api_keys", { signal }), budgets(signal)]);
      const ended = items.filter(isOver);
      const live = items.filter((one) => !isOver(one));
      return [
        h("ul", { class: "cards" }, live.map((one) => card(one, caps, load))),
        ended.length > 0
          ? h("details", {}, h("summary", {}, say("keys.ended", { n: ended.length })), h("ul", { class: "cards" }, ended.map((one) => card(one, caps, load))))
          : "",
      ];
    }, signal);
  replace(content, h("p", { class: "lead" }, say("keys.about")), list, section(say("keys.create"), maker(load)));
  load();
  return () => leaving.abort();
}

/** Caps by key; none where this key may not see them. */
async function budgets(signal) {
  try {
    const { items } = await call("GET", "/v1/budgets", { signal });
    return Object.fromEntries(items.filter((one) => one.scope === "key").map((one) => [one.subject, one]));
  } catch (error) {
    if (error.problem?.code === "scope_missing") return {};
    throw error;
  }
}

function isOver(one) {
  return one.revoked_at !== null || (one.expires_at !== null && Date.parse(one.expires_at) <= Date.now());
}

function card(one, caps, load) {
  const over = isOver(one);
  const state = one.revoked_at
    ? chip(say("keys.revoked", { at: when(one.revoked_at) }))
    : over ? chip(say("keys.expired", { at: when(one.expires_at) })) : isOwn(one) ? chip(say("keys.own"), "good") : null;
  const cap = caps[one.id];
  const act = (name, work, tone) => h("button", { type: "button", class: tone, "aria-label": say(`keys.${name}_of`, { name: one.name }), on: { click: work } }, say(`keys.${name}`));
  return h("li", { class: "card" },
    h("h3", {}, one.name, " ", state),
    h("p", { class: "mono" }, `${one.hint}…`),
    facts([
      [say("keys.scopes"), one.scopes.map((scope) => chip(scopeName(scope)))],
      [say("keys.used"), one.last_used_at ? when(one.last_used_at) : say("keys.never")],
      [say("account.made_at"), when(one.created_at)],
      [say("keys.rotated"), one.rotated_at ? when(one.rotated_at) : null],
      [say("keys.ends"), !over && one.expires_at ? when(one.expires_at) : null],
      [say("keys.cap"), cap ? say("keys.cap_is", { cap: cap.cap, left: cap.left }) : null],
    ]),
    over ? null : h("div", { class: "card-end" },
      act("rotate", () => rotated(one, load)), act("revoke", () => revoked(one, load), "danger")));
}

function scopeName(scope) {
  return known(`keys.scope_${scope}`) ? say(`keys.scope_${scope}`) : scope;
}

async function rotated(one, load) {
  const overlap = choice(OVERLAPS.map((s) => [String(s), say(`keys.overlap_${s}`)]), String(OVERLAPS[0]));
  const warned = h("p", { class: "notice", hidden: true }, say("keys.at_once"));
  overlap.addEventListener("change", () => { warned.hidden = overlap.value !== "0"; });
  const made = await confirm({
    title: say("keys.rotate_title", { name: one.name }),
    body: [
      h("p", {}, say("keys.rotate_body")),
      h("label", { class: "control" }, h("span", {}, say("keys.overlap")), overlap),
      warned,
    ],
    label: say("keys.rotate"),
    tone: "primary",
    // Each call makes another secret, so a lost answer is not asked for again by itself.
    act: () => call("POST", `/v1/api_keys/${one.id}/rotate`, { body: { overlap_s: Number(overlap.value) }, idempotent: false }),
  });
  if (made === null) return;
  await revealed(made, isOwn(one));
  await load();
}

/** Show a new secret; where it belongs to the key this console works with, go on with it. */
async function revealed({ key: one, secret }, own) {
  if (own) keep(secret, { stay: localStorage.getItem("cuesmith.key") === key() });
  await showSecret({
    title: say("keys.secret_of", { name: one.name }),
    secret,
    beside: own ? [h("p", {}, say("keys.goes_on"))] : [],
  });
}

async function revoked(one, load) {
  const done = await confirm({
    title: say("keys.revoke_title", { name: one.name }),
    body: [
      h("p", {}, say("keys.revoke_body")),
      h("p", {}, one.last_used_at ? say("keys.last_used", { at: when(one.last_used_at) }) : say("keys.never_used")),
      isOwn(one) ? h("p", { class: "notice notice-bad" }, say("keys.revoke_own")) : "",
    ],
    label: say("keys.revoke"),
    act: () => call("DELETE", `/v1/api_keys/${one.id}`),
  });
  if (done === null) return;
  announce(say("keys.is_revoked", { name: one.name }));
  await load();
}

function maker(load) {
  const name = h("input", { type: "text", maxLength: 80, autocomplete: "off" });
  const scopes = boxes(say("keys.scopes"), SCOPES.map((one) => [one, scopeName(one), say(`keys.may_${one}`)]), USUAL);
  const ends = h("input", { type: "date", min: new Date(Date.now() + 86_400_000).toISOString().slice(0, 10) });
  const cap = h("input", { type: "number", inputMode: "numeric", min: "0", step: "1" });
  const element = form(
    [
      { pointer: "/name", label: say("keys.name"), input: name, hint: say("keys.name_hint") },
      { pointer: "/scopes", input: scopes.group, read: scopes.read },
      { pointer: "/expires_at", label: say("keys.ends"), input: ends, hint: say("keys.ends_hint"), read: () => (ends.value ? `${ends.value}T00:00:00Z` : null) },
      { pointer: "/cap", label: say("keys.cap"), input: cap, hint: say("keys.cap_hint"), read: () => (cap.value === "" ? null : Number(cap.value)) },
    ],
    say("keys.create"),
    make,
    { name: say("keys.create") },
  );
  async function make(values) {
    if (values["/name"] === "") throw new Wrong("/name", say("keys.needs_name"));
    if (values["/scopes"].length === 0) throw new Wrong("/scopes", say("keys.needs_scope"));
    if (values["/cap"] !== null && !(Number.isInteger(values["/cap"]) && values["/cap"] >= 0)) throw new Wrong("/cap", say("account.how_much"));
    const body = { name: values["/name"], scopes: values["/scopes"], expires_at: values["/expires_at"] };
    const made = await call("POST", "/v1/api_keys", { body, idempotent: false });
    const uncapped = await capped(made.key, values["/cap"]);
    await showSecret({ title: say("keys.secret_of", { name: made.key.name }), secret: made.secret, beside: uncapped });
    element.reset();
    await load();
  }
  return element;
}

/** Cap a new key; where that is refused, what to say beside its secret. */
async function capped(one, cap) {
  if (cap === null) return [];
  try {
    await call("PUT", "/v1/budgets", { body: { scope: "key", subject: one.id, cap } });
    return [];
  } catch (error) {
    return [h("p", { class: "notice notice-bad" }, say("keys.uncapped")), problem(error)];
  }
}

bring({
  en: {
    "keys.about": "A key acts for the account within its scopes. Give every program one of its own, with no more than it needs, so that one can be ended without the others.",
    "keys.create": "Create a key",
    "keys.name": "Name",
    "keys.name_hint": "Where it is used: “build server”, “catalogue import”.",
    "keys.needs_name": "Give the key a name: 1 to 80 characters.",
    "keys.needs_scope": "Tick what the key may do: at least one.",
    "keys.scopes": "May",
    "keys.scope_briefs": "order music",
    "keys.may_briefs": "Send briefs, pick, license; reading included.",
    "keys.scope_read": "read",
    "keys.may_read": "See briefs, listen, read statements and notices.",
    "keys.scope_billing": "handle money",
    "keys.may_billing": "Buy tokens, set caps, open Stripe's portal.",
    "keys.scope_admin": "everything",
    "keys.may_admin": "Also make and end keys and webhooks.",
    "keys.ends": "Ends",
    "keys.ends_hint": "Left empty: works until it is revoked.",
    "keys.cap": "Tokens a month",
    "keys.cap_hint": "A cap on what it may spend; left empty: none.",
    "keys.cap_is": "{cap}, {left} left",
    "keys.uncapped": "The key was made, but without its cap. Set it under Budgets.",
    "keys.own": "in use here",
    "keys.used": "Last used",
    "keys.never": "never",
    "keys.rotated": "Rotated",
    "keys.revoked": "revoked {at}",
    "keys.expired": "expired {at}",
    "keys.ended": "Ended keys ({n})",
    "keys.rotate": "Rotate",
    "keys.rotate_of": "Rotate {name}",
    "keys.rotate_title": "Another secret for {name}?",
    "keys.rotate_body": "The key keeps its id, scopes and caps. Put the new secret where the old one is used while both work.",
    "keys.overlap": "The old secret",
    "keys.overlap_86400": "works for another day",
    "keys.overlap_3600": "works for another hour",
    "keys.overlap_604800": "works for another 7 days",
    "keys.overlap_0": "ends now",
    "keys.at_once": "Programs that still use the old secret are refused at once.",
    "keys.secret_of": "Secret of {name}",
    "keys.goes_on": "This console works with the new secret from now on.",
    "keys.revoke": "Revoke",
    "keys.revoke_of": "Revoke {name}",
    "keys.revoke_title": "Revoke {name} for good?",
    "keys.revoke_body": "Whatever uses this key is refused from now on. This cannot be undone; briefs that it has sent are finished.",
    "keys.last_used": "It was last used {at}.",
    "keys.never_used": "It was never used.",
    "keys.revoke_own": "This console works with this very key: you will need another one to come back.",
    "keys.is_revoked": "{name} is revoked.",
  },
  zh: {
    "keys.about": "密钥在其权限范围内代表账户行事。请给每个程序单独的、够用即可的密钥，这样可以单独停用其中一个。",
    "keys.create": "新建密钥",
    "keys.name": "名称",
    "keys.name_hint": "用在哪里：“构建服务器”“曲库导入”。",
    "keys.needs_name": "请为密钥命名：1 到 80 个字符。",
    "keys.needs_scope": "请至少勾选一项权限。",
    "keys.scopes": "权限",
    "keys.scope_briefs": "订购音乐",
    "keys.may_briefs": "发送需求、选定、授权；包含读取。",
    "keys.scope_read": "读取",
    "keys.may_read": "查看需求、试听、读取对账单与通知。",
    "keys.scope_billing": "管理费用",
    "keys.may_billing": "购买代币、设置上限、打开 Stripe 门户。",
    "keys.scope_admin": "全部",
    "keys.may_admin": "还可以新建和停用密钥与 Webhook。",
    "keys.ends": "到期",
    "keys.ends_hint": "留空：一直有效，直到被吊销。",
    "keys.cap": "每月代币",
    "keys.cap_hint": "最多可花费多少；留空：不限。",
    "keys.cap_is": "{cap}，剩余 {left}",
    "keys.uncapped": "密钥已建立，但上限没有设置成功，请在“预算”中设置。",
    "keys.own": "此处正在使用",
    "keys.used": "最近使用",
    "keys.never": "从未",
    "keys.rotated": "轮换",
    "keys.revoked": "{at} 吊销",
    "keys.expired": "{at} 到期",
    "keys.ended": "已失效的密钥（{n}）",
    "keys.rotate": "轮换",
    "keys.rotate_of": "轮换 {name}",
    "keys.rotate_title": "为 {name} 更换密文？",
    "keys.rotate_body": "密钥的编号、权限和上限保持不变。请在新旧密文都有效期间完成替换。",
    "keys.overlap": "旧密文",
    "keys.overlap_86400": "继续有效一天",
    "keys.overlap_3600": "继续有效一小时",
    "keys.overlap_604800": "继续有效七天",
    "keys.overlap_0": "立即失效",
    "keys.at_once": "仍在使用旧密文的程序会立刻被拒绝。",
    "keys.secret_of": "{name} 的密文",
    "keys.goes_on": "控制台从现在起使用新的密文。",
    "keys.revoke": "吊销",
    "keys.revoke_of": "吊销 {name}",
    "keys.revoke_title": "永久吊销 {name}？",
    "keys.revoke_body": "使用此密钥的一切请求将立即被拒绝，且无法撤销；它已发送的需求会继续完成。",
    "keys.last_used": "最近使用：{at}。",
    "keys.never_used": "它从未被使用过。",
    "keys.revoke_own": "控制台正在使用这个密钥：之后您需要另一个密钥才能回来。",
    "keys.is_revoked": "{name} 已吊销。",
  },
});
