// How a brief is understood, and what it will cost: shown beside it while it is written.

import { h, problem, replace } from "../elements.js";
import { bring, number, say, seconds } from "../words.js";
import { nameOf, sectionName } from "./names.js";
import { lengthShown } from "./reads.js";

bring({
  en: {
    "reading.title": "How it is understood",
    "reading.empty": "Write what you want, or fill a field. What was understood and what it costs is shown here as you go.",
    "reading.field": "given", "reading.usual": "usual", "reading.open": "open",
    "reading.words": "from the words",
    "reading.ignored": "Not understood, and left aside: {words}",
    "reading.kind": "Kind", "reading.style": "Style", "reading.duration_ms": "Length", "reading.bars": "Bars",
    "reading.bpm": "Tempo", "reading.tonality": "Key", "reading.meter": "Meter", "reading.moods": "Mood",
    "reading.require": "Must sound", "reading.forbid": "Must not sound", "reading.energy": "Energy",
    "reading.sections": "Sections", "reading.hits": "Hits", "reading.ending": "Ending",
    "reading.lufs": "Loudness", "reading.stems": "Stems",
    "reading.range": "{low} to {high} bpm", "reading.exact": "{bpm} bpm",
    "reading.free": "chosen while planning", "reading.points": "{n} points",
    "reading.ending.ring": "rings out", "reading.ending.button": "short, on the beat",
    "reading.ending.open": "stays open", "reading.ending.fade": "fades", "reading.ending.turnaround": "leads back",
    "quote.tokens": "{n|1 token|{n} tokens}",
    "quote.audition": "to audition {n|one candidate|{n} candidates}",
    "quote.license": "{n|1 token|{n} tokens} for a license",
    "quote.expected": "about {time}",
    "quote.short": "{n} tokens are missing.", "quote.buy": "Buy tokens",
  },
  zh: {
    "reading.title": "系统的理解",
    "reading.empty": "写下您的需求,或填写字段。系统的理解和价格会在这里实时显示。",
    "reading.field": "已指定", "reading.usual": "常用", "reading.open": "不限",
    "reading.words": "来自文字",
    "reading.ignored": "未能理解,已忽略:{words}",
    "reading.kind": "类型", "reading.style": "风格", "reading.duration_ms": "时长", "reading.bars": "小节数",
    "reading.bpm": "速度", "reading.tonality": "调性", "reading.meter": "拍号", "reading.moods": "情绪",
    "reading.require": "必须出现", "reading.forbid": "不得出现", "reading.energy": "能量",
    "reading.sections": "段落", "reading.hits": "卡点", "reading.ending": "结尾",
    "reading.lufs": "响度", "reading.stems": "分轨",
    "reading.range": "{low} 到 {high} bpm", "reading.exact": "{bpm} bpm",
    "reading.free": "规划时决定", "reading.points": "{n} 个点",
    "reading.ending.ring": "自然余音", "reading.ending.button": "干脆收住",
    "reading.ending.open": "开放", "reading.ending.fade": "渐弱", "reading.ending.turnaround": "回到开头",
    "quote.tokens": "{n} 个代币",
    "quote.audition": "试听 {n} 个候选",
    "quote.license": "每个许可 {n} 个代币",
    "quote.expected": "约 {time}",
    "quote.short": "还差 {n} 个代币。", "quote.buy": "购买代币",
  },
});

/** Rows in the order in which people ask: which resolved value, and where in a brief it is given. */
const ROWS = [
  ["kind", "kind", (one) => nameOf("kind", one.kind)],
  ["style", "style", (one) => nameOf("style", one.style)],
  ["moods", null, (one) => one.moods.map((id) => nameOf("mood", id)).join(" · ")],
  ["duration_ms", "duration_ms", (one) => lengthShown(one.duration_ms)],
  ["bars", "bars", (one) => one.bars && number(one.bars)],
  ["bpm", "bpm", tempo],
  ["tonality", "tonality", (one) => one.tonality ?? say("reading.free")],
  ["meter", "meter", (one) => one.meter],
  ["require", "instruments.require", (one) => instruments(one.require)],
  ["forbid", "instruments.forbid", (one) => instruments(one.forbid)],
  ["energy", "energy", (one) => one.energy && say("reading.points", { n: one.energy.length })],
  ["sections", "sections", (one) => one.sections.map(sectionText).join(" · ")],
  ["hits", "hits", (one) => one.hits.map(lengthShown).join(" · ")],
  ["ending", null, (one) => one.ending && say(`reading.ending.${one.ending}`)],
  ["lufs", "delivery.lufs", (one) => one.delivery.lufs !== null && `${number(one.delivery.lufs)} LUFS`],
  ["stems", "stems", (one) => instruments(one.stems)],
];

function tempo({ bpm, bpm_range: [low, high], kind }) {
  if (kind === "ambience") return null;
  return bpm === null ? say("reading.range", { low, high }) : say("reading.exact", { bpm: number(bpm, 3) });
}

function instruments(ids) {
  return ids.map((id) => nameOf("instrument", id)).join(" · ");
}

function sectionText({ name, bars }) {
  return bars ? `${sectionName(name)} ${bars}` : sectionName(name);
}

/** What was understood, as a list: each value, and why it has it. */
export function understood(resolved, asked) {
  const rows = ROWS.map(([name, path, show]) => [name, show(resolved), given(asked, path)])
    .filter(([, value]) => value !== null && value !== "" && value !== false && value !== undefined)
    .map(([name, value, isGiven]) => [h("dt", {}, say(`reading.${name}`)),
      h("dd", {}, h("span", { class: "value" }, value), " ", source(name, resolved, isGiven))]);
  const ignored = resolved.ignored.length
    ? h("p", { class: "hint" }, say("reading.ignored", { words: resolved.ignored.join(" · ") })) : null;
  return [h("dl", { class: "understood" }, rows), ignored];
}

function source(name, resolved, isGiven) {
  if (isGiven) return h("span", { class: "why" }, say("reading.field"));
  const read = resolved.readings.filter((one) => one.field === name).map((one) => one.words);
  if (read.length) {
    return h("span", { class: "why heard" }, h("span", { class: "unseen" }, `${say("reading.words")}: `),
      [...new Set(read)].map((words) => h("q", {}, words)));
  }
  const free = (name === "tonality" && resolved.tonality === null) || (name === "bpm" && resolved.bpm === null);
  return h("span", { class: "why" }, say(free ? "reading.open" : "reading.usual"));
}

function given(asked, path) {
  if (path === null) return false;
  const value = path.split(".").reduce((at, step) => at?.[step], asked);
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

/** The panel: `empty()`, `wait()`, `show(quote, asked)`, `fail(error)`. */
export function readingPanel() {
  const place = h("div", { class: "reading-body" }, nothing());
  const element = h("section", { class: "card reading", "aria-label": say("reading.title") },
    h("h2", {}, say("reading.title")), place);
  const said = (...children) => { place.removeAttribute("aria-busy"); replace(place, ...children); };
  return {
    element,
    empty: () => said(nothing()),
    wait: () => place.setAttribute("aria-busy", "true"),
    show: (quote, asked) => said(understood(quote.resolved, asked)),
    refused: () => place.removeAttribute("aria-busy"),
    fail: (error) => said(problem(error)),
  };
}

function nothing() {
  return h("p", { class: "hint" }, say("reading.empty"));
}

/** The price in a line or two. */
export function price(quote) {
  const short = quote.audition_tokens - quote.available_tokens;
  return [
    h("p", { class: "quote-price" }, h("strong", {}, say("quote.tokens", { n: quote.audition_tokens })), " ",
      say("quote.audition", { n: quote.candidates })),
    h("p", { class: "hint" }, say("quote.license", { n: quote.license_tokens }), " · ",
      say("quote.expected", { time: seconds(quote.expected_s) })),
    short > 0 ? h("p", { class: "wrong" }, say("quote.short", { n: short }), " ",
      h("a", { href: "#/account/invoices" }, say("quote.buy"))) : null,
  ];
}
