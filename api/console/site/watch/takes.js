// One take on its way: its form as blocks that fill as bars are written, and what became of it.

import { h, replace } from "../elements.js";
import { bring, number, say, seconds, spoken } from "../words.js";
import { sectionName } from "../brief/names.js";

bring({
  en: {
    "take.name": "Take {n}",
    "take.planned": "planned", "take.composing": "{bars} of {of} bars", "take.written": "written",
    "take.rendering": "being played", "take.ready": "candidate {n}", "take.retracted": "retracted",
    "take.rank": "ranked {n}", "take.alike": "too like a better one",
    "take.rating": "rating {n}",
    "take.bars": "{n|1 bar|{n} bars}",
    "take.rewrites": "{n|One bar was|{n} bars were} written again",
    "take.rewrite": "Bar {bar}: {reason}",
    "take.code.paper": "Too weak on paper", "take.code.quotes": "Quotes a work that was learned from",
    "take.code.shares": "Shares a tune with licensed music", "take.code.heard": "Did not pass when it was heard again",
    "take.code.constraint": "Misses a hard constraint",
  },
  zh: {
    "take.name": "第 {n} 稿",
    "take.planned": "已规划", "take.composing": "已写 {bars} / {of} 小节", "take.written": "已写完",
    "take.rendering": "正在演奏", "take.ready": "候选 {n}", "take.retracted": "已撤回",
    "take.rank": "排名第 {n}", "take.alike": "与更好的一稿过于相似",
    "take.rating": "评分 {n}",
    "take.bars": "{n} 小节",
    "take.rewrites": "重写了 {n} 个小节",
    "take.rewrite": "第 {bar} 小节:{reason}",
    "take.code.paper": "谱面质量不足", "take.code.quotes": "引用了训练作品",
    "take.code.shares": "与已授权音乐旋律相同", "take.code.heard": "复听未通过",
    "take.code.constraint": "未满足硬性要求",
  },
});

const BADGES = { planned: "", composing: "live", rendering: "live", ready: "good", written: "", retracted: "" };

/** A card that `draw(take, rank)` brings up to date. */
export function takeCard(number_) {
  const title = h("h3", {}, say("take.name", { n: number_ }));
  const badge = h("span", { class: "badge" });
  const facts = h("p", { class: "hint" });
  const verdict = h("p", { class: "verdict" });
  const form = h("div", { class: "take-form", role: "img" });
  const more = h("div", { class: "more" });
  const element = h("li", { class: "take" }, h("div", { class: "spread" }, title, badge), facts, form, verdict, more);
  let planned = null;

  function draw(take, rank) {
    element.dataset.state = take.state;
    const alike = rank === 0 && take.state === "written";
    badge.className = `badge ${alike ? "" : BADGES[take.state] ?? ""}`;
    replace(badge, alike ? say("take.alike") : say(`take.${take.state}`, { n: take.number, bars: take.bars, of: take.of }));
    replace(facts, described(take.plan));
    replace(verdict, judged(take, rank));
    if (take.plan !== planned) {
      planned = take.plan;
      drawForm(form, take.plan);
    }
    fill(form, take);
    replace(more, reasons(take));
  }

  return { element, draw };
}

function described(plan) {
  return [
    plan?.tonality, plan?.tempo ? `${number(plan.tempo)} bpm` : null, plan?.meter,
    plan?.bars ? say("take.bars", { n: plan.bars }) : null,
    plan?.seconds ? seconds(plan.seconds) : null,
  ].filter(Boolean).join(" · ");
}

function judged(take, rank) {
  return [
    rank > 0 ? say("take.rank", { n: rank }) : null,
    take.rating === null ? null : say("take.rating", { n: Math.round(100 * take.rating) }),
  ].filter(Boolean).join(" · ");
}

/** Sections side by side: as wide as they are long, as high as they are strong. */
function drawForm(place, plan) {
  const form = plan?.form ?? [];
  place.hidden = form.length === 0;
  place.setAttribute("aria-label", form.map((one) =>
    `${sectionName(one.name)} ${say("take.bars", { n: one.bars })}`).join(", ") || "–");
  replace(place, form.map((one) => h("div", { class: "take-section", title: sectionName(one.name),
    style: { "flex-grow": String(one.bars), "--energy": String(one.energy / 7) } },
    h("div", { class: "take-block" }, h("div", { class: "take-filled" })), h("span", {}, sectionName(one.name)))));
}

function fill(place, take) {
  const form = take.plan?.form ?? [];
  [...place.children].forEach((section, at) => {
    const part = form[at].bars ? (take.written[at] ?? 0) / form[at].bars : 0;
    section.querySelector(".take-filled").style.setProperty("width", `${Math.round(part * 100)}%`);
  });
}

function reasons(take) {
  if (take.state === "retracted") return h("p", { class: "reason" }, reason(take));
  if (!take.rewrites.length) return null;
  return h("details", {}, h("summary", {}, say("take.rewrites", { n: take.rewrites.length })),
    h("ul", {}, take.rewrites.map((one) => h("li", {},
      say("take.rewrite", { bar: one.bar, reason: one.reason })))));
}

/** Why a take was retracted: the code in the reader's words, and what exactly was found. */
export function reason({ code, reason: said }) {
  const ours = code ? say(`take.code.${code}`) : "";
  if (!ours) return h("span", { lang: "en" }, said);
  return [h("strong", {}, ours), said ? [spoken() === "zh" ? ":" : ": ", h("span", { lang: "en" }, said)] : null];
}

