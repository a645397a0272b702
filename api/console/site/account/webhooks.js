// Webhook endpoints and the log of what was sent to them.

import { call } from "../door.js";
import { announce, h, replace } from "../elements.js";
import { bring, say, when } from "../words.js";
import { confirm, showSecret } from "./ask.js";
import { log } from "./events.js";
import { form, Wrong } from "./form.js";
import { busy, chip, facts, filled, frame, section } from "./frame.js";
import { types } from "./types.js";

/** The page. */
export async function show(place, route) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const content = frame(place, "webhooks");
  const events = log(signal, route.query, () => load());
  const list = h("div");
  const load = () =>
    filled(list, async () => {
      const { items } = await call("GET", "/v1/webhook_endpoints", { signal });
      events.know(items);
      if (items.length === 0) return h("p", { class: "empty" }, say("webhooks.none"));
      return h("ul", { class: "cards" }, items.map((one) => card(one, load, events, signal)));
    }, signal);
  replace(content, h("p", { class: "lead" }, say("webhooks.about")), list,
    section(say("webhooks.add"), adder(load)), section(say("events.title"), events.element));
  load();
  events.renew();
  return () => leaving.abort();
}

function state(one) {
  if (one.disabled_at) return chip(say(`webhooks.disabled_${one.disabled_why ?? "asked"}`, { at: when(one.disabled_at) }), "bad");
  if (one.failing_since) return chip(say("webhooks.failing", { n: one.failures, at: when(one.failing_since) }), "warn");
  return chip(say("webhooks.well"), "good");
}

function card(one, load, events, signal) {
  const named = one.description || one.url;
  const act = (name, work, tone) => {
    const made = h("button", { type: "button", class: tone, "aria-label": say("webhooks.do_to", { what: say(`webhooks.${name}`), name: named }), on: { click: () => busy(made, work) } }, say(`webhooks.${name}`));
    return made;
  };
  const path = `/v1/webhook_endpoints/${one.id}`;
  const switched = async (disabled) => {
    await call("PATCH", path, { body: { disabled }, signal });
    announce(say(disabled ? "webhooks.now_off" : "webhooks.now_on"));
    await load();
  };
  const off = one.disabled_at !== null;
  return h("li", { class: "card" },
    h("h3", {}, named, " ", state(one)),
    one.description ? h("p", { class: "mono" }, one.url) : null,
    facts([
      [say("webhooks.types"), one.types.length ? h("span", { class: "mono" }, one.types.join(", ")) : say("webhooks.all")],
      [say("account.made_at"), when(one.created_at)],
      [say("webhooks.two_secrets"), one.old_secret_until ? say("webhooks.until", { at: when(one.old_secret_until) }) : null],
    ]),
    h("div", { class: "card-end" },
      off ? null : act("test", async () => {
        const sent = await call("POST", `${path}/test`, { idempotent: false, signal });
        await events.watch(sent.id);
      }),
      act("edit", () => edited(one, load, signal)),
      act("rotate", () => rotated(one, load)),
      off ? act("enable", () => switched(false)) : act("disable", () => disabled(one, switched)),
      act("delete", () => deleted(one, load), "danger")));
}

async function disabled(one, switched) {
  await confirm({
    title: say("webhooks.disable_title"),
    body: [h("p", { class: "mono" }, one.url), h("p", {}, say("webhooks.disable_body"))],
    label: say("webhooks.disable"),
    act: () => switched(true),
  });
}

async function rotated(one, load) {
  const made = await confirm({
    title: say("webhooks.rotate_title"),
    body: [h("p", { class: "mono" }, one.url), h("p", {}, say("webhooks.rotate_body"))],
    label: say("webhooks.rotate"),
    tone: "primary",
    act: () => call("POST", `/v1/webhook_endpoints/${one.id}/rotate_secret`, { idempotent: false }),
  });
  if (made === null) return;
  await revealed(made);
  await load();
}

async function deleted(one, load) {
  const done = await confirm({
    title: say("webhooks.delete_title"),
    body: [h("p", { class: "mono" }, one.url), h("p", {}, say("webhooks.delete_body"))],
    label: say("webhooks.delete"),
    act: () => call("DELETE", `/v1/webhook_endpoints/${one.id}`),
  });
  if (done !== null) await load();
}

function revealed({ endpoint, secret }) {
  return showSecret({
    title: say("webhooks.secret"),
    secret,
    beside: [h("p", { class: "mono" }, endpoint.url), h("p", { class: "hint" }, say("webhooks.secret_use"))],
  });
}

function fieldsFor(one) {
  const url = h("input", { type: "url", maxLength: 500, placeholder: "https://", autocomplete: "off", spellcheck: false, value: one?.url ?? "" });
  const about = h("input", { type: "text", maxLength: 200, autocomplete: "off", value: one?.description ?? "" });
  const wanted = types(one?.types ?? []);
  return [
    { pointer: "/url", label: say("webhooks.url"), input: url, hint: say("webhooks.url_hint") },
    { pointer: "/description", label: say("webhooks.name"), input: about, hint: say("webhooks.name_hint") },
    { pointer: "/types", input: wanted.group, read: wanted.read },
  ];
}

function bodyOf(values) {
  if (values["/url"] === "") throw new Wrong("/url", say("webhooks.url_hint"));
  return { url: values["/url"], description: values["/description"], types: values["/types"] };
}

function adder(load) {
  const place = h("div");
  const draw = () => replace(place, form(fieldsFor(), say("webhooks.add"), add, { name: say("webhooks.add") }));
  async function add(values) {
    const made = await call("POST", "/v1/webhook_endpoints", { body: bodyOf(values), idempotent: false });
    await revealed(made);
    draw();
    await load();
  }
  draw();
  return place;
}

/** Change an endpoint in a form that takes the place of its card until it is saved. */
async function edited(one, load, signal) {
  const cards = [...document.querySelectorAll(".account .card")];
  const at = cards.find((found) => found.contains(document.activeElement));
  const back = h("button", { type: "button", on: { click: () => load() } }, say("account.cancel"));
  const made = form(fieldsFor(one), say("webhooks.save"), async (values) => {
    await call("PATCH", `/v1/webhook_endpoints/${one.id}`, { body: bodyOf(values), signal });
    announce(say("webhooks.saved"));
    await load();
  }, { name: say("webhooks.edit"), beside: back });
  replace(at, made);
  made.querySelector("input").focus();
}

bring({
  en: {
    "webhooks.about": "We tell your endpoints what happens, signed by Standard Webhooks. A message comes at least once, with the same id each time; what is not answered with 2xx within 15 seconds is tried again over three days.",
    "webhooks.none": "There is no endpoint yet. Events are kept for 14 days all the same.",
    "webhooks.add": "Add an endpoint",
    "webhooks.url": "Address",
    "webhooks.url_hint": "https, port 443 or 8443 of a public host, without user or password.",
    "webhooks.name": "Name",
    "webhooks.name_hint": "For you; may stay empty.",
    "webhooks.types": "Messages",
    "webhooks.all": "all, also those that come later",
    "webhooks.well": "working",
    "webhooks.failing": "{n|one failure|{n} failures} since {at}",
    "webhooks.disabled_asked": "disabled by you, {at}",
    "webhooks.disabled_gone": "disabled: it answered 410 (gone), {at}",
    "webhooks.disabled_failing": "disabled: failed for three days, {at}",
    "webhooks.two_secrets": "Old secret",
    "webhooks.until": "signs too until {at}",
    "webhooks.do_to": "{what}: {name}",
    "webhooks.test": "Send a test",
    "webhooks.edit": "Change",
    "webhooks.save": "Save",
    "webhooks.saved": "The endpoint is changed.",
    "webhooks.rotate": "Rotate the secret",
    "webhooks.enable": "Enable",
    "webhooks.disable": "Disable",
    "webhooks.delete": "Delete",
    "webhooks.now_on": "The endpoint is enabled. What was dropped meanwhile can be sent again from the log.",
    "webhooks.now_off": "The endpoint is disabled.",
    "webhooks.disable_title": "Disable this endpoint?",
    "webhooks.disable_body": "Nothing more is sent to it, and what waits for it is dropped. The log keeps the events for 14 days; they can be sent again.",
    "webhooks.rotate_title": "A new secret?",
    "webhooks.rotate_body": "For 24 hours both secrets sign every message, then the new one alone.",
    "webhooks.delete_title": "Delete this endpoint?",
    "webhooks.delete_body": "It is forgotten with the log of what was sent to it, and what waits for it is not sent. This cannot be undone.",
    "webhooks.secret": "Secret of the endpoint",
    "webhooks.secret_use": "Check “webhook-signature” with it, by a library of Standard Webhooks.",
  },
  zh: {
    "webhooks.about": "发生的事会发送到您的端点，并按 Standard Webhooks 签名。消息至少送达一次，每次编号相同；15 秒内没有以 2xx 回答的消息会在三天内重试。",
    "webhooks.none": "还没有端点。事件仍会保留 14 天。",
    "webhooks.add": "添加端点",
    "webhooks.url": "地址",
    "webhooks.url_hint": "https，公网主机的 443 或 8443 端口，不含用户名和密码。",
    "webhooks.name": "名称",
    "webhooks.name_hint": "供您自己辨认，可以留空。",
    "webhooks.types": "消息类型",
    "webhooks.all": "全部，包括将来新增的",
    "webhooks.well": "正常",
    "webhooks.failing": "自 {at} 起失败 {n} 次",
    "webhooks.disabled_asked": "已由您停用，{at}",
    "webhooks.disabled_gone": "已停用：端点回答 410（已不存在），{at}",
    "webhooks.disabled_failing": "已停用：连续三天失败，{at}",
    "webhooks.two_secrets": "旧密文",
    "webhooks.until": "同时签名至 {at}",
    "webhooks.do_to": "{what}：{name}",
    "webhooks.test": "发送测试",
    "webhooks.edit": "修改",
    "webhooks.save": "保存",
    "webhooks.saved": "端点已修改。",
    "webhooks.rotate": "更换密文",
    "webhooks.enable": "启用",
    "webhooks.disable": "停用",
    "webhooks.delete": "删除",
    "webhooks.now_on": "端点已启用。期间丢弃的消息可以从日志重新发送。",
    "webhooks.now_off": "端点已停用。",
    "webhooks.disable_title": "停用此端点？",
    "webhooks.disable_body": "不再向它发送，等待发送的消息会被丢弃。日志保留事件 14 天，可以重新发送。",
    "webhooks.rotate_title": "更换密文？",
    "webhooks.rotate_body": "24 小时内新旧密文同时签名，之后只用新的。",
    "webhooks.delete_title": "删除此端点？",
    "webhooks.delete_body": "它和发送日志都会被删除，等待发送的消息不再发送。此操作无法撤销。",
    "webhooks.secret": "端点的密文",
    "webhooks.secret_use": "用它和 Standard Webhooks 的库检查 “webhook-signature”。",
  },
});
