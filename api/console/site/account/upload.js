// A file of JSON lines before it is sent, and what is wrong with which line of it.

import { h, table } from "../elements.js";
import { bring, number, say } from "../words.js";
import { reason } from "./reasons.js";

const MOST_LINES = 10_000;
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_SHOWN = 100;
const EXCERPT = 90;

/**
 * What was chosen or pasted: its `content`, its `lines`, and what can be seen to be `wrong` without
 * asking, as the gateway tells it: `{pointer: "/lines/17", detail}`.
 */
export async function read(file, pasted) {
  const content = file ? file : pasted;
  if (file && file.size > MOST_BYTES) return { content, lines: [], wrong: [{ pointer: "", detail: say("upload.big") }] };
  const text = file ? await file.text() : pasted;
  const lines = text.split("\n");
  const wrong = [];
  let briefs = 0;
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue;
    briefs += 1;
    const why = unreadable(line);
    if (why !== null && wrong.length < MOST_SHOWN) wrong.push({ pointer: `/lines/${at + 1}`, detail: why });
  }
  if (briefs === 0) wrong.push({ pointer: "", detail: say("upload.empty") });
  if (briefs > MOST_LINES) wrong.push({ pointer: "", detail: say("upload.many", { n: briefs }) });
  return { content, lines, wrong };
}

function unreadable(line) {
  try {
    const found = JSON.parse(line);
    return found !== null && typeof found === "object" && !Array.isArray(found) ? null : say("upload.no_object");
  } catch {
    return say("upload.no_json");
  }
}

/** The number of the line that a refusal is about; null where it is about the whole. */
export function lineOf({ pointer }) {
  const found = /^\/lines\/(\d+)/.exec(pointer ?? "");
  return found ? Number(found[1]) : null;
}

/** What is wrong, by line: where in it, why, and how the line reads. */
export function wrongs(errors, { lines }) {
  const whole = errors.filter((one) => lineOf(one) === null);
  const found = errors.filter((one) => lineOf(one) !== null);
  return h("div", { class: "problem", role: "alert" },
    h("strong", {}, say("upload.wrong", { n: errors.length })),
    h("p", {}, say("upload.nothing_held")),
    whole.map((one) => h("p", {}, one.detail)),
    found.length === 0 ? null : table(
      [{ text: say("account.line"), class: "number" }, say("upload.where"), say("upload.why")],
      found.map((one) => [
        number(lineOf(one)),
        h("code", {}, within(one) || "/"),
        h("div", { class: "belongs" }, reason(one), h("code", { class: "excerpt" }, excerpt(lines[lineOf(one) - 1] ?? "", within(one)))),
      ]),
      say("upload.wrong", { n: errors.length })));
}

function within({ pointer }) {
  return pointer.replace(/^\/lines\/\d+/, "");
}

/** What the line says at a pointer; all of it where there is nothing. */
function excerpt(line, pointer) {
  const found = pointer === "" ? undefined : valueAt(line, pointer.split("/").slice(1));
  const text = found === undefined ? line : JSON.stringify(found);
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
}

function valueAt(line, steps) {
  try {
    return steps.reduce((at, step) => at?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], JSON.parse(line));
  } catch {
    return undefined;
  }
}

bring({
  en: {
    "upload.big": "The file is larger than 32 MB.",
    "upload.empty": "There is no line yet: choose a file, or paste one brief a line.",
    "upload.many": "These are {n} lines; a batch has at most 10,000.",
    "upload.no_object": "a line is one JSON object: {\"prompt\": \"…\"}",
    "upload.no_json": "this line is not JSON; each line is one whole object",
    "upload.wrong": "{n|One thing is|{n} things are} wrong",
    "upload.nothing_held": "Nothing was taken in and nothing is held. Mend these lines and try again.",
    "upload.where": "Field",
    "upload.why": "What is wrong",
  },
  zh: {
    "upload.big": "文件超过 32 MB。",
    "upload.empty": "还没有内容：请选择文件，或粘贴需求，每行一份。",
    "upload.many": "共 {n} 行；一个批量任务最多 10,000 行。",
    "upload.no_object": "每行应为一个 JSON 对象：{\"prompt\": \"…\"}",
    "upload.no_json": "这一行不是 JSON；每行应为一个完整的对象",
    "upload.wrong": "{n} 处有误",
    "upload.nothing_held": "没有收下任何内容，也没有预留代币。请修正这些行后重试。",
    "upload.where": "字段",
    "upload.why": "问题",
  },
});
