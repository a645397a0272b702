// One candidate among the others: its number, its wave, how it was rated, what it costs.

import { h, replace } from "../elements.js";
import { number, say, seconds, when } from "../words.js";
import { tally } from "./measures.js";
import { Wave } from "./wave.js";

export class Row {
  /** `choose()`: hear it; `seek(fraction)`; `pick()`. */
  constructor(candidate, { choose, seek, pick, again }) {
    this.again = again;
    this.pick = pick;
    this.wave = new Wave({ seek: (fraction) => { choose(); seek(fraction); } });
    this.hear = h("button", { type: "button", class: "hear", "aria-pressed": "false", "data-hear": "",
      "aria-label": say("audition.hear", { number: candidate.number }), on: { click: choose } },
      number(candidate.number));
    this.state = h("p", { class: "state hint", hidden: true });
    this.facts = h("div", { class: "told" });
    this.deal = h("div", { class: "deal" });
    this.element = h("li", { class: "candidate", "data-candidate": candidate.id },
      this.hear, h("div", { class: "sound" }, this.wave.element, this.state), this.facts, this.deal);
    this.element.addEventListener("click", (event) => {
      if (!event.target.closest("button, a, .wave")) choose();
    });
    this.show(candidate);
  }

  /** Show what is known of it now. */
  show(candidate) {
    this.candidate = candidate;
    const { license, status, license_tokens: tokens, number: which } = candidate;
    const rating = Math.round(100 * candidate.rating);
    replace(this.facts,
      h("span", { class: "rating", title: say("audition.rating.said", { rating }) },
        h("span", { class: "unseen" }, say("audition.rating.said", { rating })),
        h("span", { "aria-hidden": "true" }, number(rating))),
      h("span", { class: `hint${candidate.passed ? "" : " missed"}` }, kept(candidate)));
    if (license) {
      replace(this.deal, h("a", { class: "button licensed", href: `#/licenses/${license}`,
        "aria-label": say("audition.license.of", { number: which }) }, `✓ ${say("audition.licensed")}`));
    } else if (status === "expired") {
      replace(this.deal, h("span", { class: "badge" }, say("audition.expired")));
    } else {
      replace(this.deal, h("button", { type: "button", class: "pick",
        title: say("audition.expires", { at: when(candidate.expires_at) }),
        "aria-label": say("audition.pick.said", { number: which, tokens }), on: { click: () => this.pick() } },
        say("audition.pick"), h("span", { class: "hint" }, say("audition.price", { tokens }))));
    }
  }

  /** Whether it is what is heard. */
  chosen(is) {
    this.element.classList.toggle("chosen", is);
    this.hear.setAttribute("aria-pressed", String(is));
  }

  /** `ready`, `loading`, `waits` (loads when it is chosen) or `failed`. */
  loading(state) {
    this.element.dataset.sound = state;
    this.state.hidden = state === "ready";
    if (state === "loading") replace(this.state, say("audition.loading.one"));
    if (state === "waits") replace(this.state, say("audition.waits"));
    if (state === "failed") {
      replace(this.state, say("audition.failed", { number: this.candidate.number }), " ",
        h("button", { type: "button", class: "bare", on: { click: () => this.again() } }, say("audition.again")));
    }
  }

  /** Show a wave and say in words what it shows. */
  draw(outline, scale, sheet, length) {
    this.wave.show(outline, scale);
    const loudest = outline.high.reduce((best, value, at) => (value > outline.high[best] ? at : best), 0);
    const sections = sheet?.sections.map((one) => `${one.name} ${seconds(one.start_s)}`).join(", ");
    this.wave.describe(say("audition.wave.said", { number: this.candidate.number, length: seconds(length),
      at: seconds((length * loudest) / outline.high.length),
      sections: sections ? say("audition.wave.sections", { sections }) : "" }));
    if (sheet) this.wave.divide(sheet.sections.slice(1).map((one) => one.start_s / length));
  }
}

function kept(candidate) {
  const all = [...candidate.measured, ...(candidate.family?.members ?? []).flatMap((one) => one.measured)];
  return tally(all);
}
