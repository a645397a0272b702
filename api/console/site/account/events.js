// The log of events: what was told, where it went, what was answered, and telling it again.

import { call } from "../door.js";
import { announce, h, replace } from "../elements.js";
import { bring, say, when } from "../words.js";
import { choice } from "./form.js";
import { busy, chip, facts, filled, further, until } from "./frame.js";
import { GROUPS } from "./types.js";

const PAGE = 20;
const TONES = { waiting: "quiet", again: "warn", delivered: "good", given_up: "bad", dropped: "quiet" };

/**
 * The log. `know(endpoints)` tells it their addresses, `renew()` reads it, `watch(event)` follows
 * one event until its deliveries have been tried; then `moved()` is told.
 */
export function log(signal, query, moved) {
  let endpoints = {};
  const open = new Set();
  const type = choice([["", say("events.all")], ...Object.values(GROUPS).flat().map((one) => [one, one])], query.get("type") ?? "");
  const subject = h("input", { type: "search", placeholder: "brf_…", autocomplete: "off", spellcheck: false, value: query.get("subject") ?? "" });
  const place = h("div");
  const again = h("button", { type: "submit" }, say("account.look"));
  const asking = h("form", { class: "controls", on: { submit: (event) => { event.preventDefault(); renew(); } } },
    h("label", { class: "control" }, h("span", {}, say("events.type")), type),
    h("label", { class: "control" }, h("span", {}, say("events.about")), subject), h("span", { class: "control" }, again));
  type.addEventListener("change", () => renew());
  const page = (cursor) => {
    const asked = { limit: String(PAGE), type: type.value, subject: subject.value.trim(), cursor: cursor ?? "" };
    return call("GET", `/v1/events?${new URLSearchParams(Object.entries(asked).filter(([, one]) => one))}`, { signal });
  };
  const renew = () =>
    filled(place, async () => {
      const { items, next_cursor } = await page(null);
      if (items.length === 0) return h("p", { class: "empty" }, say("events.none"));
      const list = h("ul", { class: "events" }, items.map(line));
      return [list, further(page, (more) => list.append(...more.map(line)), next_cursor)];
    }, signal);
  const line = (one) => event(one, { address: (id) => endpoints[id]?.url ?? id, open, signal, renew, watch });
  async function watch(id) {
    open.add(id);
    await renew();
    const tried = (one) => one.deliveries.every(({ state, tries }) => state !== "waiting" || tries > 0);
    const last = await until(() => call("GET", `/v1/events/${id}`, { signal }), tried, signal, { tries: 30, first: 0.5, slowest: 3 });
    await renew();
    for (const one of last.deliveries) announce(outcome(one));
    await moved();
  }
  return {
    element: h("div", {}, asking, place),
    know: (list) => { endpoints = Object.fromEntries(list.map((one) => [one.id, one])); },
    renew,
    watch,
  };
}

function event(one, house) {
  const states = one.deliveries.map(stateOf);
  const folded = h("details", { class: "event", open: house.open.has(one.id), on: { toggle: () => (folded.open ? house.open.add(one.id) : house.open.delete(one.id)) } },
    h("summary", {}, h("b", { class: "mono" }, one.type), " ",
      h("time", { class: "hint", dateTime: one.timestamp }, when(one.timestamp)), " ",
      states.length ? states : chip(say("events.nobody"))),
    h("p", { class: "mono hint" }, one.id),
    one.deliveries.map((sent) => delivery(one, sent, house)),
    h("details", {}, h("summary", {}, say("events.body")), h("pre", { tabIndex: 0 }, JSON.stringify({ type: one.type, timestamp: one.timestamp, data: one.data }, null, 2))),
    again(one, null, say("events.again_all"), house));
  return h("li", {}, folded);
}

/** Waiting for the first attempt is no failure; waiting after one is. */
function stateOf({ state, tries }) {
  const name = state === "waiting" && tries > 0 ? "again" : state;
  return chip(say(`events.${name}`), TONES[name]);
}

function delivery(one, sent, house) {
  return h("div", { class: "delivery" },
    h("p", {}, h("span", { class: "mono" }, house.address(sent.endpoint)), " ", stateOf(sent)),
    facts([
      [say("events.tries"), String(sent.tries)],
      [say("events.tried"), sent.tried_at ? when(sent.tried_at) : null],
      [say("events.next"), sent.state === "waiting" && sent.next_at ? when(sent.next_at) : null],
      [say("events.status"), sent.status === null ? null : String(sent.status)],
      [say("events.answer"), sent.answer ? h("span", { class: "mono" }, sent.answer) : null],
      [say("events.error"), sent.error],
    ]),
    again(one, sent.endpoint, say("events.resend"), house));
}

function again(one, endpoint, label, house) {
  const made = h("button", { type: "button", on: { click: () => busy(made, send) } }, label);
  async function send() {
    await call("POST", `/v1/events/${one.id}/redeliver`, { body: endpoint ? { endpoint } : {}, idempotent: false, signal: house.signal });
    announce(say("events.sent"));
    await house.watch(one.id);
  }
  return h("div", { class: "card-end" }, made);
}

function outcome(one) {
  const state = say(`events.${one.state}`);
  return one.status === null ? `${state}: ${one.error ?? ""}` : `${state}: ${one.status}`;
}

bring({
  en: {
    "events.title": "Delivery log",
    "events.type": "Message",
    "events.all": "All messages",
    "events.about": "About (id)",
    "events.none": "No such events in the last 14 days.",
    "events.nobody": "no endpoint wanted it",
    "events.waiting": "waiting",
    "events.again": "failed, will be tried again",
    "events.delivered": "delivered",
    "events.given_up": "given up",
    "events.dropped": "dropped",
    "events.body": "What was sent",
    "events.tries": "Attempts",
    "events.tried": "Last attempt",
    "events.next": "Next attempt",
    "events.status": "Status",
    "events.answer": "Answer",
    "events.error": "Why it did not count",
    "events.resend": "Send again to this endpoint",
    "events.again_all": "Send again to all that want it",
    "events.sent": "It is sent again, under the same id.",
  },
  zh: {
    "events.title": "发送日志",
    "events.type": "消息",
    "events.all": "全部消息",
    "events.about": "关于（编号）",
    "events.none": "最近 14 天没有这样的事件。",
    "events.nobody": "没有端点需要",
    "events.waiting": "等待中",
    "events.again": "失败，将重试",
    "events.delivered": "已送达",
    "events.given_up": "已放弃",
    "events.dropped": "已丢弃",
    "events.body": "发送的内容",
    "events.tries": "尝试次数",
    "events.tried": "最近一次",
    "events.next": "下一次",
    "events.status": "状态码",
    "events.answer": "回答",
    "events.error": "未计入的原因",
    "events.resend": "重新发送到此端点",
    "events.again_all": "重新发送到所有需要它的端点",
    "events.sent": "已按相同编号重新发送。",
  },
});
