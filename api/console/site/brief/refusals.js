// What is wrong with a field, in the reader's language and the field's own unit.

import { accepted, h } from "../elements.js";
import { bring, known, say, spoken } from "../words.js";

bring({
  en: {
    "refused.out_of_range": "Out of range.",
    "refused.not_one_of": "Not one of those that are known.",
    "refused.too_long": "Too long.",
    "refused.too_short": "Too short.",
    "refused.too_many": "Too many.",
    "refused.bad_format": "Not written as it must be.",
    "refused.bad_character": "There is a character in it that nothing can be done with (U+0000).",
    "refused.unknown_style": "There is no such style.",
    "refused.unknown_tonality": "This is no key.",
    "refused.unknown_meter": "This meter is not played here.",
    "refused.nothing_asked": "Say what you want, in words or in a field.",
    "refused.not_yet_available": "Not available yet.",
    "refused.contradiction": "This contradicts something else.",
    "refused.accepts": "Accepted: {limit}",
  },
  zh: {
    "refused.out_of_range": "超出范围。",
    "refused.not_one_of": "不在可选范围内。",
    "refused.too_long": "太长了。",
    "refused.too_short": "太短了。",
    "refused.too_many": "太多了。",
    "refused.bad_format": "格式不对。",
    "refused.bad_character": "含有无法处理的字符(U+0000)。",
    "refused.unknown_style": "没有这种风格。",
    "refused.unknown_tonality": "这不是一个调性。",
    "refused.unknown_meter": "不支持这个拍号。",
    "refused.nothing_asked": "请用文字或字段说明您的需求。",
    "refused.not_yet_available": "暂不可用。",
    "refused.accepts": "可接受:{limit}",
    "refused.contradiction": "与其他要求矛盾。",
  },
});

/** Sentences whose limit says all that the gateway's own sentence would. */
const SAID_WHOLE = new Set(["out_of_range", "not_one_of", "too_long", "too_many", "bad_character",
  "unknown_tonality", "unknown_meter", "unknown_style", "nothing_asked"]);

/** What to say at a field; `inUnit` writes a number of the limit in the field's unit. */
export function sentence({ code, detail, limit }, inUnit = (value) => value) {
  const key = `refused.${code}`;
  const ours = known(key) ? say(key) : null;
  const whole = ours !== null && SAID_WHOLE.has(code) && limit !== null && limit !== undefined;
  if (whole) {
    const within = code === "nothing_asked" ? null : accepted(converted(limit, inUnit));
    return [ours, within === null ? null : ` ${say("refused.accepts", { limit: within })}`];
  }
  // English is what the gateway speaks; who reads Chinese gets its sentence behind ours.
  if (spoken() === "en" || ours === null) return [detail];
  return [`${ours} `, h("span", { lang: "en" }, detail)];
}

function converted(limit, inUnit) {
  if (typeof limit === "number") return inUnit(limit);
  if (Array.isArray(limit)) return limit.map((one) => converted(one, inUnit));
  if (limit === null || typeof limit !== "object") return limit;
  return Object.fromEntries(Object.entries(limit).map(([name, one]) => [name, converted(one, inUnit)]));
}
