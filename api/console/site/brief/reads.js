// What people type, as the API wants it: lengths, moments, sections, numbers. What cannot be read
// throws `Unreadable`, with the key of a sentence that shows how it is written.

import { bring } from "../words.js";

bring({
  en: {
    "reads.length": "Write a length like 1:30, 90 s or 1.5 s.",
    "reads.number": "Write a number.",
    "reads.sections": "Write sections like i 4, A 8, B 8, e 4.",
    "reads.hits": "Write moments like 0:08.5, 0:21.",
  },
  zh: {
    "reads.length": "长度请写成 1:30、90 秒 或 1.5 s。",
    "reads.number": "请写一个数字。",
    "reads.sections": "段落请写成 i 4, A 8, B 8, e 4。",
    "reads.hits": "时刻请写成 0:08.5, 0:21。",
  },
});

/** Text that means nothing here; `key` is a sentence that says what would. */
export class Unreadable extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

const UNITS = { "": 1000, s: 1000, sec: 1000, "秒": 1000, ms: 1, "毫秒": 1, min: 60_000, m: 60_000,
  "分": 60_000, "分钟": 60_000 };

/** "1:30", "90 s", "1500 ms", "2 min" → milliseconds; none where nothing is written. */
export function lengthOf(text, key = "reads.length") {
  const said = plain(text);
  if (!said) return undefined;
  const clock = /^(\d+):([0-5]?\d(?:\.\d+)?)$/.exec(said);
  if (clock) return Math.round((Number(clock[1]) * 60 + Number(clock[2])) * 1000);
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(\S*)$/.exec(said) ?? [];
  if (amount === undefined || !(unit in UNITS)) throw new Unreadable(key);
  return Math.round(Number(amount) * UNITS[unit]);
}

/** The way back: 90000 → "1:30", 1500 → "1.5 s". */
export function lengthText(ms) {
  if (ms < 60_000) return `${ms / 1000} s`;
  const seconds = (ms % 60_000) / 1000;
  return `${Math.floor(ms / 60_000)}:${seconds < 10 ? "0" : ""}${seconds}`;
}

/** A length to read and not to send: 36571 → "36.6 s", 65500 → "1:05.5". */
export function lengthShown(ms) {
  return lengthText(Math.round(ms / 100) * 100);
}

/** A number; none where nothing is written. */
export function numberOf(text) {
  const said = plain(text).replace(/\s*(bpm|lufs|dbtp|db)$/i, "").replace("−", "-");
  if (!said) return undefined;
  const value = Number(said);
  if (!Number.isFinite(value)) throw new Unreadable("reads.number");
  return value;
}

/** "i 4, A 8, B" → sections; a name may stand without bars. */
export function sectionsOf(text) {
  const said = plain(text).replaceAll("’", "'");
  if (!said) return undefined;
  const found = [...said.matchAll(/(br|[iebrA-Da-d]'{0,3})\s*(\d{1,3})?(?=[\s,;|]|$)/g)];
  const rest = found.reduce((left, one) => left.replace(one[0], ""), said);
  if (!found.length || /[^\s,;|]/.test(rest)) throw new Unreadable("reads.sections");
  return found.map(([, name, bars]) => ({ name: letter(name), ...(bars ? { bars: Number(bars) } : {}) }));
}

function letter(name) {
  return /^[a-d]/.test(name) && name !== "br" ? name[0].toUpperCase() + name.slice(1) : name;
}

/** The way back. */
export function sectionsText(sections) {
  return sections.map(({ name, bars }) => (bars ? `${name} ${bars}` : name)).join(", ");
}

/** "0:08.5, 0:21" → hits. */
export function hitsOf(text) {
  const said = plain(text);
  if (!said) return undefined;
  return said.split(/[,;]\s*/).filter(Boolean).map((one) => ({ at_ms: lengthOf(one, "reads.hits") }));
}

/** Full-width signs of a Chinese keyboard as plain ones. */
function plain(text) {
  return text.normalize("NFKC").replaceAll("、", ",").trim();
}
