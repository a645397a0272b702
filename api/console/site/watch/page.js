// A brief while it is made: plans, bars as they are written, what is retracted and why, the ranking;
// below it its candidates as soon as there is one to hear.

import { call } from "../door.js";
import { announce, dialog, h, problem, replace } from "../elements.js";
import { hear } from "../hearing.js";
import { bring, known, number, say, seconds, when } from "../words.js";
import { nameOf } from "../brief/names.js";
import { understood } from "../brief/reading.js";
import { lengthShown } from "../brief/reads.js";
import { statusBadge } from "./status.js";
import { BEGINNING, secondsLeft, shown, told } from "./story.js";
import { reason, takeCard } from "./takes.js";

bring({
  en: {
    "watch.untitled": "{kind}, {style}", "watch.family": "Sounds of a car",
    "watch.step.queued": "Waiting for a studio", "watch.step.plan": "Planning",
    "watch.step.compose": "Composing", "watch.step.composing": "Composing",
    "watch.step.arranging": "Arranging", "watch.step.render": "Playing and mastering",
    "watch.step.rendering": "Playing and mastering", "watch.step.mastering": "Mastering",
    "watch.step.ended": "Ended",
    "watch.before": "{n|One of your briefs goes|{n} of your briefs go} first",
    "watch.left": "about {time} left", "watch.longer": "longer than expected",
    "watch.lost": "The connection is lost. It is taken up again where it broke; the studio goes on.",
    "watch.back": "The connection is back.",
    "watch.takes": "Takes", "watch.how": "How it was written",
    "watch.asked": "What was asked and understood",
    "watch.cancel": "Cancel", "watch.canceling": "Stopping …",
    "watch.cancel.title": "Cancel this brief?",
    "watch.cancel.about": "What is ready stays yours and was charged. The rest of the tokens is given back.",
    "watch.cancel.yes": "Cancel the brief", "watch.cancel.no": "Let it go on",
    "watch.again": "Write another like it",
    "watch.spent": "{captured} of {n|1 token|{n} tokens} spent", "watch.quoted": "{n|1 token|{n} tokens} set aside",
    "watch.ready": "Candidate {n} can be heard.", "watch.retracted": "Take {n} was retracted.",
    "watch.ended": "The brief has ended: {status}.",
    "watch.candidates": "Candidates",
    "watch.retractions": "{n|One take was|{n} takes were} retracted and cost nothing",
    "watch.gone": "What was told of this brief is no longer kept.",
    "watch.show": "Show all of it",
  },
  zh: {
    "watch.untitled": "{kind},{style}", "watch.family": "车载声音",
    "watch.step.queued": "等待制作", "watch.step.plan": "规划中",
    "watch.step.compose": "作曲中", "watch.step.composing": "作曲中",
    "watch.step.arranging": "编曲中", "watch.step.render": "演奏与母带处理",
    "watch.step.rendering": "演奏与母带处理", "watch.step.mastering": "母带处理",
    "watch.step.ended": "已结束",
    "watch.before": "您的 {n} 个需求排在前面",
    "watch.left": "约剩 {time}", "watch.longer": "比预计时间长",
    "watch.lost": "连接已断开。将从断开处继续;制作不受影响。",
    "watch.back": "连接已恢复。",
    "watch.takes": "各稿", "watch.how": "制作过程",
    "watch.asked": "需求与系统的理解",
    "watch.cancel": "取消", "watch.canceling": "正在停止 …",
    "watch.cancel.title": "取消这个需求?",
    "watch.cancel.about": "已完成的候选会保留并已计费,其余代币将退还。",
    "watch.cancel.yes": "取消需求", "watch.cancel.no": "继续制作",
    "watch.again": "以此为基础新建",
    "watch.spent": "已用 {captured} / {n} 个代币", "watch.quoted": "已预留 {n} 个代币",
    "watch.ready": "候选 {n} 可以试听了。", "watch.retracted": "第 {n} 稿已撤回。",
    "watch.ended": "需求已结束:{status}。",
    "watch.candidates": "候选",
    "watch.retractions": "有 {n} 稿被撤回,不计费",
    "watch.gone": "这个需求的制作记录已不再保留。",
    "watch.show": "显示全部",
  },
});

/** Fill the page. */
export async function show(place, route) {
  const id = route.parts[1];
  const path = `/v1/${id.startsWith("fam_") ? "families" : "briefs"}/${encodeURIComponent(id)}`;
  const watch = new Watch(place, path, await call("GET", path));
  watch.begin();
  return () => watch.leave();
}

/** What a brief is called: its words, or what it is where it has none. */
export function titleOf(brief) {
  const words = brief.request?.prompt?.trim();
  if (words) return words;
  const resolved = brief.resolved;
  if (!resolved?.style) return say("watch.family");
  return say("watch.untitled", { kind: nameOf("kind", resolved.kind), style: nameOf("style", resolved.style) });
}

class Watch {
  constructor(place, path, brief) {
    Object.assign(this, { place, path, brief, story: BEGINNING, cards: new Map(), lost: false });
    this.gone = new AbortController();
    this.audition = null;
    this.head = h("div", { class: "stack" });
    this.now = h("div", { class: "now", hidden: true });
    this.takes = h("section", { class: "stack", "aria-label": say("watch.takes") });
    this.step = h("span", { class: "step" });
    this.left = h("span", { class: "hint" });
    this.bar = h("progress", { max: 1, value: 0, "aria-label": say("watch.takes") });
    this.line = h("p", { class: "line", role: "status" });
    this.list = h("ol", { class: "takes" });
    this.made = h("section", { class: "made" });
  }

  begin() {
    // Once there is something to hear, the takes go on below it.
    replace(this.place, this.head, this.now, this.made, this.takes);
    this.drawHead();
    this.welcome();
    if (this.brief.finished_at === null) {
      this.now.hidden = false;
      replace(this.now, h("div", { class: "spread" }, this.step, this.left), this.bar, this.line);
      replace(this.takes, this.list);
      this.timer = setInterval(() => this.tick(), 500);
      this.listen();
    } else {
      this.afterwards();
    }
  }

  leave() {
    this.gone.abort();
    clearInterval(this.timer);
    this.place.classList.remove("lost");
    this.audition?.then((leave) => leave?.()).catch(() => {});
  }

  // --- listening ---

  async listen() {
    try {
      await hear(`${this.path}/events`, {
        signal: this.gone.signal,
        each: (event) => this.told(event),
        state: (line) => this.connection(line),
      });
      await this.renew();
    } catch (error) {
      if (!this.gone.signal.aborted) replace(this.line, problem(error));
    }
  }

  told(event) {
    this.story = told(this.story, event);
    const { facts } = event;
    if (event.kind === "candidate.ready") {
      announce(say("watch.ready", { n: facts.number }));
      this.renew();
    }
    if (event.kind === "take.retracted") announce(say("watch.retracted", { n: facts.take }));
    if (event.kind.endsWith(".ended")) {
      announce(say("watch.ended", { status: say(`watch.status.${facts.status}`) }));
      window.dispatchEvent(new Event("tokens"));
    }
    if (/\.(started|requeued)$/.test(event.kind)) this.renew();
    this.draw();
  }

  connection(line) {
    const was = this.lost;
    this.lost = line === "lost";
    this.place.classList.toggle("lost", this.lost);
    if (this.lost) replace(this.line, say("watch.lost"));
    else if (was) {
      replace(this.line, say("watch.back"));
      setTimeout(() => { if (!this.lost) replace(this.line); }, 4000);
    }
  }

  /** How the brief stands now. Of several that are asked for at once, the last answer counts. */
  async renew() {
    this.asked = (this.asked ?? 0) + 1;
    const mine = this.asked;
    try {
      const brief = await call("GET", this.path, { signal: this.gone.signal });
      if (mine !== this.asked) return;
      this.brief = brief;
      this.drawHead();
      this.welcome();
      if (brief.finished_at !== null) this.afterwards();
    } catch (error) {
      if (!this.gone.signal.aborted && error.status !== undefined) replace(this.line, problem(error));
    }
  }

  // --- drawing ---

  drawHead() {
    const { brief } = this;
    const over = brief.finished_at !== null;
    const held = focused(this.head);
    replace(this.head,
      h("div", { class: "spread" },
        h("div", { class: "row" }, statusBadge(brief.status), this.facts()),
        h("div", { class: "row" },
          over ? null : h("button", { class: "danger", "data-is": "cancel", disabled: brief.cancel_asked,
            on: { click: () => this.askCancel() } }, say(brief.cancel_asked ? "watch.canceling" : "watch.cancel")),
          brief.request?.prompt === undefined ? null
            : h("a", { class: "button", "data-is": "again", href: `#/new?from=${brief.id}` }, say("watch.again")))),
      heading(titleOf(brief)),
      this.asking ??= this.reading(),
      brief.failure ? problem({ problem: { title: say(`watch.status.${brief.status}`), detail: brief.failure.detail } }) : null);
    held?.();
  }

  facts() {
    const { resolved, tokens, created_at: created, finished_at: finished } = this.brief;
    const length = resolved?.style ? lengthShown(resolved.duration_ms) : null;
    const money = finished === null ? say("watch.quoted", { n: tokens.quoted })
      : say("watch.spent", { captured: number(tokens.captured), n: tokens.quoted });
    return h("span", { class: "hint" }, [when(created), length, money].filter(Boolean).join(" · "));
  }

  reading() {
    if (!this.brief.resolved?.style) return null;
    return h("details", {}, h("summary", {}, say("watch.asked")), understood(this.brief.resolved, this.brief.request));
  }

  draw() {
    const ranked = this.story.order.filter((take) => this.story.takes[take]?.state !== "retracted");
    const takes = shown(this.story);
    for (const take of takes) {
      if (!this.cards.has(take.take)) this.cards.set(take.take, takeCard(take.take));
      this.cards.get(take.take).draw(take, ranked.indexOf(take.take) + 1);
    }
    for (const [number_, card] of this.cards) {
      if (!this.story.takes[number_]) { card.element.remove(); this.cards.delete(number_); }
    }
    const wanted = takes.map((one) => this.cards.get(one.take).element);
    // Moved only where the order changes: what is moved loses its focus.
    if (wanted.some((one, at) => this.list.children[at] !== one)) replace(this.list, wanted);
    this.tick();
  }

  tick() {
    const { story } = this;
    replace(this.step, known(`watch.step.${story.step}`) ? say(`watch.step.${story.step}`) : story.step);
    const left = secondsLeft(story, Date.now());
    if (left === null) {
      const before = this.brief.queue_position;
      replace(this.left, before ? say("watch.before", { n: before }) : null);
      this.bar.removeAttribute("value");
      return;
    }
    replace(this.left, left >= 1 ? say("watch.left", { time: seconds(Math.ceil(left)) }) : say("watch.longer"));
    const gone = (Date.now() - Date.parse(story.startedAt)) / 1000;
    this.bar.value = Math.min(0.98, Math.max(this.bar.value, gone / (gone + Math.max(left, 1))));
  }

  // --- candidates and the end ---

  welcome() {
    if (!this.brief.candidates?.length) return;
    if (this.audition === null) {
      this.audition = import("../audition/page.js").then((page) => page.mount(this.made, this.brief));
      this.audition.catch((error) => replace(this.made, problem(error)));
    } else {
      this.audition.then((leave) => leave?.renew?.(this.brief)).catch(() => {});
    }
  }

  /** The takes step back behind the candidates; how they came about can still be read. */
  afterwards() {
    if (this.over) return;
    this.over = true;
    clearInterval(this.timer);
    this.now.remove();
    const how = h("details", { class: "how", on: { toggle: () => this.recall() } },
      h("summary", {}, say("watch.how")), this.line, this.list);
    const retracted = this.brief.retracted_takes ?? [];
    replace(this.takes, retracted.length ? h("details", { class: "how" },
      h("summary", {}, say("watch.retractions", { n: retracted.length })),
      h("ul", {}, retracted.map((one) => h("li", {}, say("take.name", { n: one.take }), " – ", reason(one))))) : null, how);
    if (!this.brief.candidates?.length) how.open = true;
  }

  /** Tell an old story once more, when somebody wants to read it. */
  recall() {
    if (this.story !== BEGINNING || this.recalling) return;
    this.recalling = true;
    hear(`${this.path}/events`, { signal: this.gone.signal, each: (event) => {
      this.story = told(this.story, event);
    } }).then(() => {
      this.draw();
      if (!Object.keys(this.story.takes).length) replace(this.line, say("watch.gone"));
    }, (error) => { if (!this.gone.signal.aborted) replace(this.line, problem(error)); });
  }

  askCancel() {
    const said = h("div", {});
    const asked = dialog(say("watch.cancel.title"), h("p", {}, say("watch.cancel.about")), said,
      h("div", { class: "row" },
        h("button", { class: "danger", on: { click: () => this.cancel(asked, said) } }, say("watch.cancel.yes")),
        h("button", { on: { click: () => asked.close() } }, say("watch.cancel.no"))));
  }

  async cancel(asked, said) {
    try {
      this.brief = await call("POST", `${this.path}/cancel`);
      asked.close();
      this.drawHead();
      if (this.brief.finished_at !== null) this.renew();
    } catch (error) {
      if (error.problem?.code === "already_terminal") { asked.close(); this.renew(); }
      else replace(said, problem(error));
    }
  }
}

/** Words may be four thousand signs long; a heading shows their beginning. */
function heading(words) {
  const title = h("h1", { class: "prompt" }, words);
  if (words.length <= 220) return title;
  title.classList.add("cut");
  const whole = h("button", { class: "bare", on: { click: () => { title.classList.remove("cut"); whole.remove(); } } },
    say("watch.show"));
  return [title, whole];
}

/** Give the focus back to what takes the place of what had it. */
function focused(place) {
  const is = place.contains(document.activeElement) ? document.activeElement.dataset.is : undefined;
  return is ? () => place.querySelector(`[data-is=${is}]`)?.focus() : null;
}
