// Catalogue runs: a file of briefs is checked and priced, then taken in whole; and those there are.

import { call } from "../door.js";
import { announce, h, replace, table } from "../elements.js";
import { bring, number, say, seconds, when } from "../words.js";
import { confirm } from "./ask.js";
import { stateOf } from "./batching.js";
import { busy, facts, filled, further, grow, heading, refused, section } from "./frame.js";
import { lineOf, read, wrongs } from "./upload.js";

const LINES = "application/jsonl";
const DAY_S = 86_400;

/** The page. */
export async function show(place) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const list = h("div");
  replace(place, h("div", { class: "account" }, heading(say("batches.title")),
    h("div", { class: "account-content" },
      section(say("batches.new"), h("p", { class: "lead" }, say("batches.about")), uploader(signal)),
      section(say("batches.all"), list))));
  filled(list, () => batches(signal), signal);
  return () => leaving.abort();
}

async function batches(signal) {
  const page = (cursor) => call("GET", `/v1/batches?${new URLSearchParams({ limit: "20", ...(cursor ? { cursor } : {}) })}`, { signal });
  const { items, next_cursor } = await page(null);
  if (items.length === 0) return h("p", { class: "empty" }, say("batches.none"));
  const heads = [say("batches.name"), say("account.state"), { text: say("batches.briefs"), class: "number" }, say("account.made_at"), say("batches.ended_at")];
  const made = table(heads, items.map(row), say("batches.all"));
  return [made, further(page, (more) => grow(made, heads, more.map(row)), next_cursor)];
}

function row(one) {
  return [
    h("a", { href: `#/batches/${one.id}`, class: one.name ? null : "mono" }, one.name ?? one.id),
    stateOf(one),
    number(one.briefs),
    when(one.created_at),
    one.finished_at ? when(one.finished_at) : "",
  ];
}

/** Choose a file, look at it, see its price, start it. What was chosen stays whatever is refused. */
function uploader(signal) {
  const file = h("input", { type: "file", accept: ".jsonl,.ndjson,.json,application/jsonl,application/x-ndjson" });
  const text = h("textarea", { rows: 5, spellcheck: false, class: "mono", placeholder: '{"prompt": "calm piano for a documentary", "duration_ms": 60000, "reference": "doc-1"}' });
  const name = h("input", { type: "text", maxLength: 128, autocomplete: "off" });
  const most = h("input", { type: "number", inputMode: "numeric", min: "0", step: "1" });
  const days = h("select", { value: "7" }, [1, 2, 3, 5, 7].map((n) => h("option", { value: String(n) }, say("batches.days", { n }))));
  const check = h("button", { type: "submit", class: "primary" }, say("batches.check"));
  const told = h("div", { class: "batch-told", "aria-live": "polite" });
  const form = h("form", { class: "account-form", noValidate: true, "aria-label": say("batches.new") },
    labelled(say("batches.file"), file, say("batches.file_hint")),
    h("details", {}, h("summary", {}, say("batches.paste")), labelled(say("batches.lines"), text)),
    h("div", { class: "controls" }, labelled(say("batches.name"), name), labelled(say("batches.most"), most, say("batches.most_hint")), labelled(say("batches.deadline"), days)),
    h("div", { class: "form-end" }, check));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(check, quoted);
  });
  for (const one of [file, text, most, name, days]) one.addEventListener("input", () => replace(told));

  const query = (more = {}) => new URLSearchParams({
    deadline_s: String(Number(days.value) * DAY_S), ...(name.value.trim() ? { name: name.value.trim() } : {}),
    ...(most.value !== "" ? { max_tokens: most.value } : {}), ...more });

  async function quoted() {
    replace(told, h("p", {}, say("batches.checking")));
    const upload = await read(file.files[0], text.value);
    if (upload.wrong.length > 0) return replace(told, wrongs(upload.wrong, upload));
    try {
      const quote = await call("POST", `/v1/batches/quotes?deadline_s=${Number(days.value) * DAY_S}`, { body: upload.content, type: LINES, signal });
      replace(told, price(quote, most.value, () => started(upload)));
    } catch (error) {
      replace(told, toldWrong(error, upload));
    }
    return told.querySelector("button")?.focus();
  }
  async function started(upload, again = false) {
    try {
      const answer = await call("POST", `/v1/batches?${query(again ? { again: "true" } : {})}`, { body: upload.content, type: LINES, signal, whole: true });
      const batch = await answer.json();
      if (answer.headers.get("Idempotent-Replayed") === "true") return replace(told, known(batch, () => repeated(upload, batch)));
      window.dispatchEvent(new Event("tokens"));
      announce(say("batches.started", { n: batch.briefs }));
      location.hash = `#/batches/${batch.id}`;
    } catch (error) {
      replace(told, toldWrong(error, upload));
    }
    return undefined;
  }
  const repeated = (upload, batch) => confirm({
    title: say("batches.again"), label: say("batches.again"),
    body: h("p", {}, say("batches.again_body", { n: batch.briefs, tokens: batch.tokens.quoted })),
    act: () => started(upload, true),
  });
  return h("div", {}, form, told);
}

function labelled(label, input, hint) {
  return h("label", { class: "control" }, h("span", {}, label), input, hint ? h("small", {}, hint) : null);
}

function toldWrong(error, upload) {
  const errors = error.problem?.errors ?? [];
  const [lines, others] = [errors.filter((one) => lineOf(one) !== null), errors.filter((one) => lineOf(one) === null)];
  if (lines.length === 0) {
    return [refused(error), error.status === 402 ? h("p", {}, h("a", { class: "button", href: "#/account/invoices" }, say("account.buy"))) : null];
  }
  return [others.length > 0 ? refused(error) : null, wrongs(lines, upload, error.problem.detail)];
}

function price(quote, most, start) {
  const enough = quote.available_tokens >= quote.tokens;
  const over = most !== "" && quote.tokens > Number(most);
  const go = h("button", { type: "button", class: "primary", on: { click: () => busy(go, start) } }, say("batches.start", { n: quote.tokens }));
  return h("div", { class: "card" },
    h("h3", {}, say("batches.fine", { n: quote.briefs })),
    facts([
      [say("batches.auditions"), say("account.tokens", { n: quote.tokens })],
      [say("batches.licenses"), say("account.tokens", { n: quote.license_tokens })],
      [say("batches.left"), say("account.tokens", { n: quote.available_tokens })],
      [say("batches.studio"), seconds(quote.expected_s)],
    ]),
    h("p", { class: "hint" }, say("batches.holds")),
    enough ? null : h("div", { class: "notice notice-bad" }, h("p", {}, say("batches.short", { n: quote.tokens - quote.available_tokens })),
      h("a", { class: "button", href: "#/account/invoices" }, say("account.buy"))),
    over ? h("p", { class: "notice notice-bad" }, say("batches.over", { most: Number(most) })) : null,
    h("div", {}, go));
}

function known(batch, again) {
  const anyway = h("button", { type: "button", on: { click: again } }, say("batches.again"));
  return h("div", { class: "notice" },
    h("p", {}, say("batches.known", { at: when(batch.created_at) })),
    h("div", { class: "form-end" }, h("a", { class: "button primary", href: `#/batches/${batch.id}` }, say("batches.open")), anyway));
}

bring({
  en: {
    "batches.new": "New batch",
    "batches.about": "Up to 10,000 briefs in one file, one JSON object a line, at the batch price. The whole file is checked before anything is held.",
    "batches.all": "All batches",
    "batches.none": "There are no batches yet.",
    "batches.name": "Name",
    "batches.briefs": "Briefs",
    "batches.file": "File",
    "batches.file_hint": "JSON lines (.jsonl): a brief’s fields and, if you like, a “reference” of yours; 32 MB at most.",
    "batches.paste": "Or paste the lines",
    "batches.lines": "Lines",
    "batches.most": "Most tokens",
    "batches.most_hint": "For all auditions; empty: no limit.",
    "batches.deadline": "Made within",
    "batches.days": "{n|one day|{n} days}",
    "batches.check": "Check and price",
    "batches.checking": "Checking …",
    "batches.fine": "{n|One brief|{n} briefs}, all fine",
    "batches.auditions": "All auditions",
    "batches.licenses": "A license of each",
    "batches.left": "Available",
    "batches.studio": "Studio time",
    "batches.holds": "The tokens for the auditions are held now; only what is delivered is charged, the rest comes back. Licenses are paid when you pick.",
    "batches.short": "{n|One token is|{n} tokens are} missing.",
    "batches.over": "This is more than the {most} tokens that you allow.",
    "batches.start": "Start: hold {n|one token|{n} tokens}",
    "batches.started": "The batch of {n} briefs has begun.",
    "batches.known": "These very lines were uploaded before, {at}. Nothing was held again.",
    "batches.open": "Open that batch",
    "batches.again": "Make them once more",
    "batches.again_body": "The same {n} briefs are made a second time, and up to {tokens} tokens are held a second time.",
  },
  zh: {
    "batches.new": "新建批量任务",
    "batches.about": "一个文件最多 10,000 个需求，每行一个 JSON 对象，按批量价计费。整个文件检查通过之前不会预留任何代币。",
    "batches.all": "全部批量任务",
    "batches.none": "还没有批量任务。",
    "batches.name": "名称",
    "batches.briefs": "需求",
    "batches.file": "文件",
    "batches.file_hint": "JSON 行（.jsonl）：需求的字段，可以加上您自己的 reference；最大 32 MB。",
    "batches.paste": "或者粘贴内容",
    "batches.lines": "内容",
    "batches.most": "最多代币",
    "batches.most_hint": "用于全部试听；留空：不限。",
    "batches.deadline": "完成期限",
    "batches.days": "{n} 天",
    "batches.check": "检查并报价",
    "batches.checking": "正在检查…",
    "batches.fine": "{n} 个需求，全部无误",
    "batches.auditions": "全部试听",
    "batches.licenses": "每份各授权一次",
    "batches.left": "可用",
    "batches.studio": "制作用时",
    "batches.holds": "现在预留试听所需的代币；只对已交付的收费，其余退回。授权在您选定时付费。",
    "batches.short": "还差 {n} 代币。",
    "batches.over": "超过了您允许的 {most} 代币。",
    "batches.start": "开始：预留 {n} 代币",
    "batches.started": "{n} 个需求的批量任务已开始。",
    "batches.known": "完全相同的内容已在 {at} 上传过，没有再次预留。",
    "batches.open": "打开那个批量任务",
    "batches.again": "再做一遍",
    "batches.again_body": "同样的 {n} 个需求会再做一遍，并再次预留最多 {tokens} 代币。",
  },
});
