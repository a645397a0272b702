// Why a value was refused, in the words of the page: the gateway's own name its fields by pointers.

import { accepted } from "../elements.js";
import { bring, say } from "../words.js";

const OURS = ["wrong_type", "out_of_range", "not_one_of", "too_short", "too_long", "too_few", "too_many", "missing", "unknown_field"];

/** One of a problem's `errors` as a sentence. */
export function reason({ pointer, code, detail, limit }) {
  if (!OURS.includes(code) || limit === undefined) return detail;
  if (code === "missing") return say("reasons.missing");
  return limit === null ? detail : say(`reasons.${code}`, { limit: accepted(limit), pointer });
}

bring({
  en: {
    "reasons.wrong_type": "Not of the right type: {limit}.",
    "reasons.out_of_range": "Out of range. Accepted: {limit}.",
    "reasons.not_one_of": "Not known. Accepted: {limit}.",
    "reasons.too_short": "Too short: {limit} characters at least.",
    "reasons.too_long": "Too long: {limit} characters at most.",
    "reasons.too_few": "Too few: {limit} at least.",
    "reasons.too_many": "Too many: {limit} at most.",
    "reasons.missing": "This is missing.",
    "reasons.unknown_field": "There is no such field. Known: {limit}.",
  },
  zh: {
    "reasons.wrong_type": "类型不对，应为：{limit}。",
    "reasons.out_of_range": "超出范围。可接受：{limit}。",
    "reasons.not_one_of": "无法识别。可接受：{limit}。",
    "reasons.too_short": "太短：至少 {limit} 个字符。",
    "reasons.too_long": "太长：最多 {limit} 个字符。",
    "reasons.too_few": "太少：至少 {limit} 项。",
    "reasons.too_many": "太多：最多 {limit} 项。",
    "reasons.missing": "缺少此项。",
    "reasons.unknown_field": "没有这个字段。已知：{limit}。",
  },
});
