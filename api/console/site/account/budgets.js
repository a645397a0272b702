// Caps on what a key or a project may spend in a month, and how much of each is used.

import { call } from "../door.js";
import { announce, h, replace } from "../elements.js";
import { bring, say } from "../words.js";
import { confirm } from "./ask.js";
import { choice, form, Wrong } from "./form.js";
import { chip, filled, frame, section } from "./frame.js";
import { recent } from "./notices.js";
import { keyNames } from "./keynames.js";

const SHARES = [50, 80, 100];

/** The page. */
export async function show(place) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const content = frame(place, "budgets");
  const caps = h("div");
  const told = h("div");
  let names = {};
  const load = () =>
    filled(caps, async () => {
      const [found, keys] = await Promise.all([call("GET", "/v1/budgets", { signal }), keyNames(signal)]);
      names = keys;
      const setting = setter(names, found.items, load, signal);
      return [list(found.items, names, setting.edit, load), section(say("budgets.set"), setting.element)];
    }, signal);
  replace(content, h("p", { class: "lead" }, say("budgets.about")), caps, section(say("budgets.told"), told));
  load();
  filled(told, () => recent(signal, (one) => one.kind.startsWith("budget_")), signal);
  return () => leaving.abort();
}

function list(items, names, edit, load) {
  if (items.length === 0) return h("p", { class: "empty" }, say("budgets.none"));
  return h("ul", { class: "cards" }, items.map((one) => card(one, names, edit, load)));
}

function card(one, names, edit, load) {
  const who = one.scope === "key" ? names[one.subject] ?? one.subject : one.subject;
  const title = h("h3", {}, chip(say(`budgets.scope_${one.scope}`)), " ", who);
  const lift = h("button", { type: "button", class: "danger", "aria-label": say("budgets.lift_of", { who }),
    on: { click: () => lifted(one, who, load) } }, say("budgets.lift"));
  const change = h("button", { type: "button", "aria-label": say("budgets.change_of", { who }), on: { click: () => edit(one) } }, say("budgets.change"));
  return h("li", { class: "card" }, title, gauge(one), h("div", { class: "card-end" }, change, lift));
}

/** How much of a cap is used: spent, held, and the shares that a notice has told of. */
function gauge(one) {
  const used = one.spent + one.held;
  const share = (tokens) => `${one.cap > 0 ? Math.min(100, (tokens / one.cap) * 100) : tokens > 0 ? 100 : 0}%`;
  const percent = one.cap > 0 ? (used / one.cap) * 100 : 100;
  const tone = percent >= 100 ? "bad" : percent >= 80 ? "warn" : "good";
  const bar = h("div", { class: `gauge gauge-${tone}`, role: "meter", "aria-label": say("budgets.used"), "aria-valuemin": "0",
    "aria-valuemax": String(Math.max(one.cap, used)), "aria-valuenow": String(used), "aria-valuetext": said(one) },
    h("i", { class: "gauge-spent", style: { width: share(one.spent) } }),
    one.held > 0 ? h("i", { class: "gauge-held", style: { width: `min(${share(one.held)}, 100% - ${share(one.spent)})` } }) : null,
    [50, 80].map((at) => h("i", { class: "gauge-mark", style: { left: `${at}%` } })));
  return [
    bar,
    h("p", {}, said(one)),
    h("p", { class: "row" }, SHARES.map((at) => chip(say(one.alerts.includes(at) ? "budgets.told_at" : "budgets.tells_at", { at: `${at} %` }),
      one.alerts.includes(at) ? (at === 100 ? "bad" : "warn") : "quiet"))),
  ];
}

function said(one) {
  return say(one.held ? "budgets.said_held" : "budgets.said", { used: one.spent, held: one.held, cap: one.cap, left: one.left, month: one.month });
}

async function lifted(one, who, load) {
  const query = new URLSearchParams({ scope: one.scope, subject: one.subject });
  const done = await confirm({
    title: say("budgets.lift_title", { who }),
    body: h("p", {}, say("budgets.lift_body", { cap: one.cap })),
    label: say("budgets.lift"),
    act: () => call("DELETE", `/v1/budgets?${query}`),
  });
  if (done === null) return;
  announce(say("budgets.lifted", { who }));
  await load();
}

function setter(names, items, load, signal) {
  const scope = choice([["key", say("budgets.scope_key")], ["project", say("budgets.scope_project")]], "key");
  const keys = choice(Object.entries(names), Object.keys(names)[0]);
  const project = h("input", { type: "text", maxLength: 64, autocomplete: "off" });
  const cap = h("input", { type: "number", inputMode: "numeric", min: "0", step: "1" });
  const about = h("p", { class: "hint", "aria-live": "polite" });
  const subject = () => (scope.value === "key" ? keys.value : project.value.trim());
  const element = form(
    [
      { pointer: "/scope", label: say("budgets.what"), input: scope },
      { pointer: "/subject", label: say("budgets.scope_key"), input: keys, read: subject },
      { pointer: "/project", label: say("budgets.scope_project"), input: project, hint: say("budgets.project_hint") },
      { pointer: "/cap", label: say("budgets.cap"), input: cap, hint: say("budgets.cap_hint"), read: () => (cap.value === "" ? null : Number(cap.value)) },
    ],
    say("budgets.save"),
    save,
    { name: say("budgets.set"), beside: about },
  );
  const [, keyField, projectField] = element.querySelectorAll(".field");
  function renew() {
    const one = items.find((known) => known.scope === scope.value && known.subject === subject());
    keyField.hidden = scope.value !== "key";
    projectField.hidden = scope.value === "key";
    replace(about, warning(one, cap.value));
  }
  async function save() {
    const wanted = { scope: scope.value, subject: subject(), cap: cap.value === "" ? null : Number(cap.value) };
    if (wanted.subject === "") throw new Wrong(scope.value === "key" ? "/subject" : "/project", say("budgets.whose"));
    if (wanted.cap === null) throw new Wrong("/cap", say("account.how_much"));
    try {
      await call("PUT", "/v1/budgets", { body: wanted, signal });
    } catch (error) {
      // The gateway calls both the subject; the form has a field for each.
      for (const one of error.problem?.errors ?? []) {
        if (scope.value === "project" && one.pointer === "/subject") one.pointer = "/project";
      }
      throw error;
    }
    announce(say("budgets.saved"));
    await load();
  }
  function edit(one) {
    scope.value = one.scope;
    if (one.scope === "project") project.value = one.subject;
    else keys.value = one.subject;
    cap.value = String(one.cap);
    renew();
    element.scrollIntoView({ block: "nearest" });
    cap.focus();
    cap.select();
  }
  element.addEventListener("input", renew);
  renew();
  return { element, edit };
}

function warning(one, cap) {
  if (one === undefined) return say("budgets.counts");
  const used = one.spent + one.held;
  if (cap !== "" && Number(cap) <= used) return say("budgets.below", { used });
  return say("budgets.replaces", { cap: one.cap });
}

bring({
  en: {
    "budgets.about": "A cap limits what a key or a project may spend in a calendar month (UTC). What would go over it is refused before any work begins; what is being made is finished.",
    "budgets.none": "There are no caps: every key may spend all that is available.",
    "budgets.scope_key": "API key",
    "budgets.scope_project": "Project",
    "budgets.used": "Used",
    "budgets.said": "{used} of {cap} tokens used in {month}, {left} left",
    "budgets.said_held": "{used} spent and {held} held of {cap} tokens in {month}, {left} left",
    "budgets.told_at": "told at {at}",
    "budgets.tells_at": "tells at {at}",
    "budgets.told": "Told about caps",
    "budgets.set": "Set a cap",
    "budgets.what": "For",
    "budgets.project_hint": "As briefs name it in their field “project”.",
    "budgets.cap": "Tokens a month",
    "budgets.cap_hint": "A whole number; 0 lets nothing through.",
    "budgets.save": "Set the cap",
    "budgets.saved": "The cap is set.",
    "budgets.whose": "Say for which key or project.",
    "budgets.counts": "What this month has spent already counts.",
    "budgets.replaces": "Replaces the cap of {cap} tokens.",
    "budgets.below": "{used} tokens are used already: with this cap nothing more may be spent this month.",
    "budgets.change": "Change",
    "budgets.change_of": "Change the cap of {who}",
    "budgets.lift": "Lift",
    "budgets.lift_of": "Lift the cap of {who}",
    "budgets.lift_title": "Lift the cap of {who}?",
    "budgets.lift_body": "It may then spend all the account has, no longer {cap} tokens a month at most. You can set a cap again at any time.",
    "budgets.lifted": "The cap of {who} is lifted.",
  },
  zh: {
    "budgets.about": "上限规定一个密钥或项目在一个自然月（UTC）内最多可以花费多少。会超出上限的请求在开工前就被拒绝；已在制作的会继续完成。",
    "budgets.none": "没有设置上限：每个密钥都可以花费全部可用代币。",
    "budgets.scope_key": "API 密钥",
    "budgets.scope_project": "项目",
    "budgets.used": "已用",
    "budgets.said": "{month} 已用 {used} / {cap} 代币，剩余 {left}",
    "budgets.said_held": "{month} 已花费 {used}、预留 {held}，上限 {cap} 代币，剩余 {left}",
    "budgets.told_at": "已在 {at} 通知",
    "budgets.tells_at": "将在 {at} 通知",
    "budgets.told": "关于上限的通知",
    "budgets.set": "设置上限",
    "budgets.what": "对象",
    "budgets.project_hint": "与需求的 project 字段一致。",
    "budgets.cap": "每月代币",
    "budgets.cap_hint": "整数；0 表示一律不放行。",
    "budgets.save": "设置上限",
    "budgets.saved": "上限已设置。",
    "budgets.whose": "请说明是哪个密钥或项目。",
    "budgets.counts": "本月已花费的部分计算在内。",
    "budgets.replaces": "将替换现有上限 {cap} 代币。",
    "budgets.below": "已用 {used} 代币：设为此上限后，本月将无法再花费。",
    "budgets.change": "修改",
    "budgets.change_of": "修改 {who} 的上限",
    "budgets.lift": "取消上限",
    "budgets.lift_of": "取消 {who} 的上限",
    "budgets.lift_title": "取消 {who} 的上限？",
    "budgets.lift_body": "之后它可以花费账户的全部代币，不再限于每月 {cap} 代币。您随时可以重新设置。",
    "budgets.lifted": "{who} 的上限已取消。",
  },
});
