// Writing a brief: words, fields or both. What is written is understood and priced as it grows;
// what is refused is said at its field. Ctrl+Enter sends.

import { call, key, someName } from "../door.js";
import { announce, field, h, mark, problem, replace } from "../elements.js";
import { shortcuts } from "../frame.js";
import { bring, number, say } from "../words.js";
import { fieldsFor } from "./fields.js";
import { price, readingPanel } from "./reading.js";
import { Unreadable } from "./reads.js";
import { sentence } from "./refusals.js";

bring({
  en: {
    "write.title": "New brief",
    "write.prompt": "What should it sound like?",
    "write.prompt.hint": "English or Chinese. Fields win over words.",
    "write.prompt.example": "Warm lo-fi beat for a study app, a minute long, soft piano, no choir",
    "write.left": "{n} characters left",
    "write.basics": "Music",
    "write.sound": "Instruments and energy",
    "write.form": "Form and picture",
    "write.file": "File and stems",
    "write.rights": "Rights and marking",
    "write.order": "This order",
    "write.send": "Send the brief",
    "write.sending": "Sending …",
    "write.sent": "The brief was sent.",
    "write.clear": "Start over",
    "write.json": "The same for the API",
    "write.copy": "Copy", "write.copied": "Copied.",
    "write.none": "No price yet",
    "write.fix": "{n|One field needs|{n} fields need} another look.",
    "write.requoted": "The price had run out and was asked for again. Send once more if you agree.",
  },
  zh: {
    "write.title": "新建需求",
    "write.prompt": "它听起来应该是什么样的?",
    "write.prompt.hint": "中文或英文。字段优先于文字。",
    "write.prompt.example": "卡丁车选车界面,轻快复古合成器,能循环",
    "write.left": "还可输入 {n} 个字符",
    "write.basics": "音乐",
    "write.sound": "乐器与能量",
    "write.form": "曲式与画面",
    "write.file": "文件与分轨",
    "write.rights": "权利与标识",
    "write.order": "本次订单",
    "write.send": "发送需求",
    "write.sending": "正在发送 …",
    "write.sent": "需求已发送。",
    "write.clear": "重新开始",
    "write.json": "对应的 API 请求",
    "write.copy": "复制", "write.copied": "已复制。",
    "write.none": "尚无报价",
    "write.fix": "有 {n} 个字段需要修改。",
    "write.requoted": "报价已过期,已重新询价。同意的话请再发送一次。",
  },
});

const DRAFT = "cuesmith.draft";
const PAUSE_MS = 300;
const PROMPT_MAX = 4000;
const GROUPS = [
  ["sound", ["require", "forbid", "energy"]],
  ["form", ["sections", "hits"]],
  ["file", ["stems", "rate", "depth", "channels", "lufs", "peak"]],
  ["rights", ["marking", "territory", "resale"]],
  ["order", ["quality", "max", "deadline", "seed", "project", "reference"]],
];
let capabilities = null;
let asker = null; // by whose key they were read

/** Fill the page. `#/new?from={brief}` begins with what another brief asked for. */
export async function show(place, route) {
  if (asker !== key()) {
    capabilities = await call("GET", "/v1/capabilities");
    asker = key();
  }
  const begun = await beginning(route.query.get("from"));
  const page = new Desk(capabilities);
  replace(place, h("h1", {}, say("write.title")), page.element);
  page.fill(begun);
  page.prompt.focus();
  const forget = shortcuts([["Ctrl ↵", say("write.send")]]);
  return () => { forget(); page.leave(); };
}

async function beginning(from) {
  if (from) {
    const { request } = await call("GET", `/v1/briefs/${encodeURIComponent(from)}`);
    return { ...request, seed: null, quote: null };
  }
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT)) ?? {};
  } catch {
    return {};
  }
}

class Desk {
  constructor(able) {
    const changed = () => this.changed();
    this.fields = fieldsFor(able, changed);
    this.panel = readingPanel();
    this.prompt = h("textarea", { rows: 4, maxLength: PROMPT_MAX, placeholder: say("write.prompt.example"),
      on: { input: changed } });
    this.left = h("p", { class: "hint left", hidden: true });
    this.fields.prompt = promptField(this.prompt);
    this.price = h("div", { class: "price-line", role: "status" }, h("p", { class: "hint" }, say("write.none")));
    this.said = h("div", { class: "said" });
    this.send = h("button", { class: "primary", "aria-keyshortcuts": "Control+Enter" }, sendLabel());
    this.json = h("code", {});
    this.element = this.drawn();
    this.quote = null;
    this.asking = null;
    this.timer = null;
    this.sendingBody = null;
    this.name = null;
    this.gone = false;
  }

  drawn() {
    const one = (name) => this.fields[name].element;
    return h("form", { class: "write", noValidate: true, autocomplete: "off",
      on: { submit: (event) => { event.preventDefault(); this.submit(); }, keydown: (event) => this.pressed(event) } },
      h("div", { class: "write-fields" },
        this.fields.prompt.element, this.left, one("kind"),
        h("div", { class: "grid" }, ["candidates", "length", "bars", "bpm", "tonality", "meter", "style"].map(one)),
        GROUPS.map(([name, members]) => h("details", {}, h("summary", {}, say(`write.${name}`)),
          h("div", { class: "grid" }, members.map(one)))),
        h("details", {}, h("summary", {}, say("write.json")), this.jsonView())),
      h("div", { class: "write-side" }, this.panel.element,
        h("div", { class: "sender" }, this.price, this.said,
          h("div", { class: "row" }, this.send,
            h("button", { type: "button", class: "bare", on: { click: () => this.clear() } }, say("write.clear"))))));
  }

  jsonView() {
    const copy = async () => {
      await navigator.clipboard?.writeText(this.json.textContent);
      announce(say("write.copied"));
    };
    return h("div", { class: "json" },
      h("pre", { tabIndex: 0, role: "group", "aria-label": say("write.json") }, this.json),
      h("button", { type: "button", on: { click: copy } }, say("write.copy")));
  }

  // --- between fields and a brief ---

  fill(brief) {
    for (const one of Object.values(this.fields)) one.fill(at(brief, one.pointer));
    if (brief.candidates === undefined) this.fields.candidates.fill(capabilities.defaults.candidates);
    for (const group of this.element.querySelectorAll("details")) {
      group.open = GROUPS.some(([name, members]) => group.firstChild.textContent === say(`write.${name}`)
        && members.some((member) => this.read(member) !== undefined));
    }
    this.changed();
  }

  read(name) {
    try {
      return this.fields[name].read();
    } catch {
      return undefined;
    }
  }

  /** The brief as it stands; null where a field cannot be read, which is said there. */
  brief() {
    const made = {};
    let wrong = 0;
    for (const one of Object.values(this.fields)) {
      try {
        const value = one.read();
        if (value !== undefined) put(made, one.pointer, value);
        mark(one.input);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        wrong += 1;
        mark(one.input, say(error.key));
      }
    }
    this.wrong = wrong;
    return wrong ? null : made;
  }

  // --- the live quote ---

  changed() {
    const brief = this.brief();
    const left = PROMPT_MAX - this.prompt.value.length;
    this.left.hidden = left > 400;
    replace(this.left, say("write.left", { n: left }));
    replace(this.said);
    this.quote = null;
    this.asking?.abort();
    clearTimeout(this.timer);
    if (brief === null) {
      this.noPrice();
      return;
    }
    replace(this.json, JSON.stringify(brief, null, 2));
    keepDraft(brief);
    if (asksNothing(brief)) {
      this.panel.empty();
      this.noPrice();
      return;
    }
    this.panel.wait();
    this.timer = setTimeout(() => this.ask(brief), PAUSE_MS);
  }

  async ask(brief) {
    this.asking = new AbortController();
    const { signal } = this.asking;
    try {
      const quote = await call("POST", "/v1/quotes", { body: brief, signal, idempotent: false });
      this.quote = quote;
      this.panel.show(quote, brief);
      replace(this.price, price(quote));
    } catch (error) {
      if (signal.aborted) return;
      this.noPrice();
      this.panel.refused();
      if (!this.placed(error)) this.panel.fail(error);
    }
  }

  noPrice() {
    this.panel.refused();
    replace(this.price, h("p", { class: "hint" }, say(this.wrong ? "write.fix" : "write.none", { n: this.wrong })));
  }

  // --- refusals ---

  /** Say at each field what is wrong with it; false where something has no field here. */
  placed(error) {
    const reasons = error.problem?.errors ?? [];
    const found = reasons.map((reason) => [reason, this.fieldAt(reason.pointer)]);
    const marked = found.filter(([, one]) => one);
    for (const [reason, one] of marked) {
      mark(one.input, ...sentence(reason, one.inUnit));
      one.element.closest("details")?.setAttribute("open", "");
    }
    if (marked.length) replace(this.price, h("p", { class: "wrong" }, say("write.fix", { n: marked.length })));
    return reasons.length > 0 && marked.length === found.length;
  }

  fieldAt(pointer) {
    return Object.values(this.fields).find((one) => pointer === one.pointer || pointer.startsWith(`${one.pointer}/`));
  }

  // --- sending ---

  pressed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Enter" && event.target.matches("input:not([type=radio])")) {
      // A brief costs; it is not sent by a slip in a field.
      event.preventDefault();
    }
  }

  async submit() {
    const brief = this.brief();
    if (brief === null || this.busy) return this.toWrong();
    if (asksNothing(brief)) {
      mark(this.prompt, say("refused.nothing_asked"));
      return this.toWrong();
    }
    this.busy = true;
    this.send.disabled = true;
    replace(this.send, say("write.sending"));
    try {
      const sent = await call("POST", "/v1/briefs", { body: { ...brief, ...(this.quote ? { quote: this.quote.id } : {}) },
        name: this.nameFor(brief) });
      sessionStorage.removeItem(DRAFT);
      announce(say("write.sent"));
      window.dispatchEvent(new Event("tokens"));
      if (!this.gone) location.hash = `#/briefs/${sent.id}`;
    } catch (error) {
      await this.refused(error, brief);
    } finally {
      this.busy = false;
      this.send.disabled = false;
      replace(this.send, sendLabel());
    }
  }

  /** One name for one brief: pressed again after the line broke, it is still sent once. */
  nameFor(brief) {
    const body = JSON.stringify([brief, this.quote?.id]);
    if (body !== this.sendingBody) {
      this.sendingBody = body;
      this.name = null;
    }
    this.name ??= someName();
    return this.name;
  }

  async refused(error, brief) {
    const known = error.problem?.code === "idempotency_in_progress"; // it may still be taken in
    if (error.status !== undefined && error.status < 500 && !known) this.name = null;
    if (["quote_expired", "quote_mismatch"].includes(error.problem?.code)) {
      await this.ask(brief);
      replace(this.said, h("p", { class: "wrong", role: "alert" }, say("write.requoted")));
      return;
    }
    if (this.placed(error)) this.toWrong();
    else replace(this.said, problem(error));
  }

  toWrong() {
    const first = this.element.querySelector("[aria-invalid=true]");
    first?.focus();
    if (first) announce(document.getElementById(`${first.id}-wrong`)?.textContent ?? "");
  }

  clear() {
    sessionStorage.removeItem(DRAFT);
    this.fill({});
    this.prompt.focus();
  }

  leave() {
    this.gone = true;
    this.asking?.abort();
    clearTimeout(this.timer);
  }
}

function sendLabel() {
  return [say("write.send"), h("kbd", { "aria-hidden": "true" }, "Ctrl ↵")];
}

function promptField(input) {
  return {
    pointer: "/prompt", input, inUnit: number,
    element: field(say("write.prompt"), input, say("write.prompt.hint")),
    read: () => (input.value.trim() ? input.value : undefined),
    fill: (value) => { input.value = value ?? ""; },
  };
}

/** Only what says something of the music is worth a quote. */
function asksNothing(brief) {
  const says = ["prompt", "kind", "style", "duration_ms", "bars", "bpm", "tonality", "meter", "energy", "sections", "hits"];
  return !says.some((name) => brief[name] !== undefined);
}

function keepDraft(brief) {
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(brief));
  } catch {
    // A browser that keeps nothing begins anew next time.
  }
}

function at(brief, pointer) {
  return pointer.slice(1).split("/").reduce((value, step) => value?.[step], brief);
}

function put(brief, pointer, value) {
  const steps = pointer.slice(1).split("/");
  const last = steps.pop();
  const place = steps.reduce((inner, step) => (inner[step] ??= {}), brief);
  place[last] = value;
}
