// The fields of a brief: how each is shown, read, and filled from a brief that is there already.
//
// A field knows its place in the brief by the same JSON pointer that a refusal names it with.

import { field, h, named, svg } from "../elements.js";
import { bring, number, say } from "../words.js";
import { nameOf } from "./names.js";
import { picker } from "./picker.js";
import { hitsOf, lengthOf, lengthText, numberOf, sectionsOf, sectionsText } from "./reads.js";

bring({
  en: {
    "field.kind": "Kind", "field.kind.open": "From the words",
    "field.candidates": "Candidates",
    "field.length": "Length", "field.length.hint": "1:30, 90 s or 1.5 s",
    "field.bars": "Bars",
    "field.bpm": "Tempo", "field.bpm.hint": "Beats a minute",
    "field.tonality": "Key", "field.tonality.hint": "F minor, D dorian",
    "field.meter": "Meter",
    "field.style": "Style",
    "field.open": "Open",
    "field.require": "Must sound", "field.require.hint": "Enter adds one",
    "field.forbid": "Must not sound",
    "field.energy": "Energy",
    "field.energy.low": "Steady, quiet", "field.energy.high": "Steady, strong",
    "field.energy.rise": "Rising", "field.energy.fall": "Falling",
    "field.energy.arc": "Up and down again", "field.energy.late": "Late peak",
    "field.energy.given": "As it was given",
    "field.sections": "Sections", "field.sections.hint": "i 4, A 8, B 8, e 4: intro, A, B, ending, with bars",
    "field.hits": "Hits", "field.hits.hint": "Moments of the picture: 0:08.5, 0:21",
    "field.stems": "Stems with the license", "field.stems.hint": "Groups, instruments, or all",
    "field.rate": "Sample rate", "field.depth": "Bit depth", "field.channels": "Channels",
    "field.lufs": "Loudness", "field.lufs.hint": "LUFS, −36 to −8", "field.peak": "True peak",
    "field.peak.hint": "dBTP",
    "field.marking": "Marking", "field.marking.eu": "EU", "field.marking.cn": "China",
    "field.marking.closed_loop": "Inside a product",
    "field.resale": "May be resold in a catalogue",
    "field.territory": "Territory", "field.territory.hint": "world, or a country",
    "field.quality": "Quality", "field.quality.draft": "Draft", "field.quality.standard": "Standard",
    "field.quality.best": "Best",
    "field.seed": "Seed", "field.seed.hint": "The same brief and seed make the same music",
    "field.max": "At most", "field.max.hint": "Tokens for auditions",
    "field.deadline": "Deadline", "field.deadline.hint": "Ten minutes where nothing is said",
    "field.project": "Project", "field.reference": "Your reference",
  },
  zh: {
    "field.kind": "类型", "field.kind.open": "由文字决定",
    "field.candidates": "候选数量",
    "field.length": "时长", "field.length.hint": "1:30、90 秒 或 1.5 s",
    "field.bars": "小节数",
    "field.bpm": "速度", "field.bpm.hint": "每分钟拍数",
    "field.tonality": "调性", "field.tonality.hint": "F minor、D dorian、C gong",
    "field.meter": "拍号",
    "field.style": "风格",
    "field.open": "不限",
    "field.require": "必须出现", "field.require.hint": "按回车添加",
    "field.forbid": "不得出现",
    "field.energy": "能量",
    "field.energy.low": "平稳,轻", "field.energy.high": "平稳,强",
    "field.energy.rise": "渐强", "field.energy.fall": "渐弱",
    "field.energy.arc": "先升后降", "field.energy.late": "后段高潮",
    "field.energy.given": "按原样",
    "field.sections": "段落", "field.sections.hint": "i 4, A 8, B 8, e 4:引子、A、B、结尾及小节数",
    "field.hits": "卡点", "field.hits.hint": "画面时刻:0:08.5, 0:21",
    "field.stems": "随许可提供的分轨", "field.stems.hint": "声部组、乐器或全部",
    "field.rate": "采样率", "field.depth": "位深", "field.channels": "声道",
    "field.lufs": "响度", "field.lufs.hint": "LUFS,−36 到 −8", "field.peak": "真峰值",
    "field.peak.hint": "dBTP",
    "field.marking": "标识", "field.marking.eu": "欧盟", "field.marking.cn": "中国",
    "field.marking.closed_loop": "产品内部",
    "field.resale": "可在曲库中转售",
    "field.territory": "地区", "field.territory.hint": "world,或某个国家",
    "field.quality": "质量", "field.quality.draft": "草稿", "field.quality.standard": "标准",
    "field.quality.best": "最佳",
    "field.seed": "种子", "field.seed.hint": "相同的需求和种子生成相同的音乐",
    "field.max": "最多", "field.max.hint": "试听用的代币",
    "field.deadline": "期限", "field.deadline.hint": "默认十分钟",
    "field.project": "项目", "field.reference": "您的编号",
  },
});

const CURVES = {
  low: [[0, 0.3], [1, 0.3]], high: [[0, 0.8], [1, 0.8]], rise: [[0, 0.2], [1, 0.9]],
  fall: [[0, 0.9], [1, 0.2]], arc: [[0, 0.3], [0.5, 0.9], [1, 0.3]], late: [[0, 0.3], [0.7, 0.5], [0.85, 1], [1, 0.6]],
};
const CHANNELS = { 1: "1", 2: "2", 4: "4", 6: "5.1" };
const same = (value) => value;

/** All fields by name, built for what this key may ask for. `changed` is called after each change. */
export function fieldsFor({ accepts, formats, limits }, changed) {
  const on = { input: changed, change: changed };
  const text = (pointer, name, read, write, more = {}) => textField(pointer, name, read, write, { on, ...more });
  const choice = (pointer, name, options, more = {}) => choiceField(pointer, name, options, { on, ...more });
  const words = (pointer, name, options) => wordsField(pointer, name, options, changed);
  const open = { "": say("field.open") };
  return {
    kind: kindField(Object.keys(accepts.kinds), changed),
    candidates: text("/candidates", "candidates", numberOf, String,
      { type: "number", min: 1, max: limits.candidates_max, step: 1 }),
    length: text("/duration_ms", "length", (said) => lengthOf(said), lengthText, { inUnit: lengthText, hinted: true }),
    bars: text("/bars", "bars", numberOf, String, { type: "number", min: 1, max: 400, step: 1 }),
    bpm: text("/bpm", "bpm", numberOf, String, { hinted: true, inputMode: "decimal" }),
    tonality: text("/tonality", "tonality", wordOf, same, { hinted: true, autocapitalize: "off" }),
    meter: choice("/meter", "meter", { ...open, ...listed(accepts.meters, same) }),
    style: choice("/style", "style", { ...open, ...listed(accepts.styles, (id) => nameOf("style", id)) }),
    require: words("/instruments/require", "require", [...accepts.instruments, ...accepts.textures]),
    forbid: words("/instruments/forbid", "forbid", accepts.instruments),
    energy: energyField(on),
    sections: text("/sections", "sections", sectionsOf, sectionsText, { hinted: true, autocapitalize: "off" }),
    hits: text("/hits", "hits", hitsOf, (hits) => hits.map((one) => lengthText(one.at_ms)).join(", "),
      { hinted: true, inUnit: lengthText }),
    stems: words("/stems", "stems", accepts.stems),
    rate: choice("/delivery/sample_rate", "rate", listed(formats.sample_rate, (hz) => `${hz / 1000} kHz`), numeric(48_000)),
    depth: choice("/delivery/bit_depth", "depth", listed(formats.bit_depth, (bits) => (bits === 32 ? "32 float" : String(bits))), numeric(24)),
    channels: choice("/delivery/channels", "channels", listed(formats.channels, (count) => CHANNELS[count] ?? String(count)), numeric(2)),
    lufs: text("/delivery/lufs", "lufs", numberOf, String, { hinted: true }),
    peak: text("/delivery/true_peak_dbtp", "peak", numberOf, String, { hinted: true, placeholder: "−1", usual: -1 }),
    marking: choice("/marking", "marking", listed(["eu", "cn", "closed_loop"], (id) => say(`field.marking.${id}`)), { usual: "eu" }),
    resale: checkField("/rights/catalog_resale", "resale", on),
    territory: text("/rights/territory", "territory", wordOf, same, { hinted: true, placeholder: "world", usual: "world" }),
    quality: choice("/quality", "quality", listed(["draft", "standard", "best"], (id) => say(`field.quality.${id}`)), { usual: "standard" }),
    seed: text("/seed", "seed", numberOf, String, { hinted: true, inputMode: "numeric" }),
    max: text("/max_tokens", "max", numberOf, String, { hinted: true, inputMode: "numeric" }),
    deadline: text("/deadline_s", "deadline", (said) => secondsOf(said), (s) => lengthText(s * 1000),
      { hinted: true, usual: 600, inUnit: (s) => lengthText(s * 1000) }),
    project: text("/project", "project", wordOf, same, { maxLength: 64 }),
    reference: text("/customer_ref", "reference", wordOf, same, { maxLength: 128 }),
  };
}

/** A text; one that says what is `usual` anyway says nothing. */
function textField(pointer, name, read, write, { hinted, usual, inUnit = number, type = "text", ...attributes }) {
  const input = h("input", { type, autocomplete: "off", spellcheck: false, ...attributes });
  return {
    pointer, input, inUnit,
    element: field(say(`field.${name}`), input, hinted ? say(`field.${name}.hint`) : null),
    read: () => {
      const value = read(input.value);
      return value === usual ? undefined : value;
    },
    fill: (value) => { input.value = value === null || value === undefined || value === usual ? "" : write(value); },
  };
}

function choiceField(pointer, name, options, { on, usual = "", read = same }) {
  const input = h("select", { on }, Object.entries(options).map(([value, word]) => h("option", { value }, word)));
  input.value = String(usual);
  return {
    pointer, input, inUnit: number,
    element: field(say(`field.${name}`), input),
    read: () => (input.value === "" || input.value === String(usual) ? undefined : read(input.value)),
    fill: (value) => {
      input.value = value === null || value === undefined ? String(usual) : String(value);
      if (input.selectedIndex < 0) addOption(input, value);
    },
  };
}

/** A style may be named by a common name that is not in the list. */
function addOption(input, value) {
  input.append(h("option", { value: String(value) }, String(value)));
  input.value = String(value);
}

function wordsField(pointer, name, options, changed) {
  const made = picker(options, (id) => nameOf("instrument", id), { changed });
  const hint = { require: "field.require.hint", stems: "field.stems.hint" }[name];
  const element = field(say(`field.${name}`), made.input, hint ? say(hint) : null);
  made.input.after(...made.below);
  return {
    pointer, input: made.input, inUnit: number, element,
    read: () => (made.value().length ? made.value() : undefined),
    fill: (words) => made.fill(words ?? []),
  };
}

function checkField(pointer, name, on) {
  const input = h("input", { type: "checkbox", checked: true, on, id: named("field") });
  const wrong = h("p", { class: "wrong", id: `${input.id}-wrong`, hidden: true });
  return {
    pointer, input, inUnit: number,
    element: h("div", { class: "field" }, h("label", { class: "check" }, input, h("span", {}, say(`field.${name}`))), wrong),
    read: () => (input.checked ? undefined : false),
    fill: (value) => { input.checked = value ?? true; },
  };
}

/** What a brief is for is chosen first and seen at once: a row, not a list that opens. */
function kindField(kinds, changed) {
  const group = named("kind");
  const options = ["", ...kinds].map((kind) => h("label", { class: "segment" },
    h("input", { type: "radio", name: group, value: kind, checked: kind === "", on: { change: changed } }),
    h("span", {}, kind ? nameOf("kind", kind) : say("field.kind.open"))));
  const element = h("fieldset", { class: "segments" }, h("legend", {}, say("field.kind")),
    h("div", {}, options));
  const inputs = [...element.querySelectorAll("input")];
  inputs[0].id = named("field");
  element.append(h("p", { class: "wrong", id: `${inputs[0].id}-wrong`, hidden: true }));
  return {
    pointer: "/kind", input: inputs[0], inUnit: number, element,
    read: () => inputs.find((one) => one.checked)?.value || undefined,
    fill: (kind) => { for (const one of inputs) one.checked = one.value === (kind ?? ""); },
  };
}

function energyField(on) {
  let given = null;
  const drawn = svg("polyline", { fill: "none", stroke: "currentColor", "stroke-width": "2",
    "vector-effect": "non-scaling-stroke", "stroke-linejoin": "round", "stroke-linecap": "round" });
  const picture = svg("svg", { class: "curve", viewBox: "-2 -2 64 28",
    preserveAspectRatio: "none", "aria-hidden": "true" }, drawn);
  const input = h("select", { on: { change: () => { draw(); on.change(); } } },
    h("option", { value: "" }, say("field.open")),
    Object.keys(CURVES).map((name) => h("option", { value: name }, say(`field.energy.${name}`))));
  const element = field(say("field.energy"), input);
  input.after(picture);
  draw();

  function read() {
    return input.value === "given" ? given : CURVES[input.value];
  }

  function draw() {
    const points = read() ?? [];
    picture.toggleAttribute("hidden", points.length === 0);
    drawn.setAttribute("points", points.map(([at, energy]) => `${at * 60},${24 - energy * 24}`).join(" "));
  }

  return {
    pointer: "/energy", input, inUnit: number, element, read,
    fill: (points) => {
      const written = JSON.stringify(points ?? null);
      const name = Object.keys(CURVES).find((one) => JSON.stringify(CURVES[one]) === written);
      if (points && !name && given === null) input.append(h("option", { value: "given" }, say("field.energy.given")));
      given = name ? given : points ?? given;
      input.value = points ? name ?? "given" : "";
      draw();
    },
  };
}

function listed(ids, word) {
  return Object.fromEntries(ids.map((id) => [id, word(id)]));
}

function numeric(usual) {
  return { usual, read: Number };
}

function wordOf(said) {
  return said.trim() || undefined;
}

function secondsOf(said) {
  const ms = lengthOf(said);
  return ms === undefined ? undefined : Math.round(ms / 1000);
}
