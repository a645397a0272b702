// The types of messages an endpoint may want, by what they are about.

import { h } from "../elements.js";
import { bring, say } from "../words.js";

const ENDS = ["succeeded", "partially_succeeded", "failed", "canceled", "expired"];
const NOTICES = [
  "budget_50", "budget_80", "budget_100", "tokens_expiring", "topup_refunded", "invoice_failed",
  "dispute_opened", "account_frozen", "account_thawed", "candidate_sealed",
];

/** Every type there is, in groups. */
export const GROUPS = {
  music: ["candidate.ready", ...ENDS.map((one) => `brief.${one}`)],
  families: ENDS.map((one) => `family.${one}`),
  batches: ["batch.ended"],
  files: ["rendition.succeeded", "rendition.failed", "license.created"],
  money: ["topup.paid", ...NOTICES.map((one) => `notice.${one}`)],
  webhooks: ["webhook_endpoint.disabled", "webhook_endpoint.test"],
};

/** A choice of types: all, or those that are ticked. */
export function types(chosen) {
  const stem = `types-${(made += 1)}`;
  const radio = (value, label) => {
    const input = h("input", { type: "radio", name: stem, value, defaultChecked: (chosen.length === 0) === (value === "all") });
    return h("label", { class: "box" }, input, h("span", {}, label));
  };
  const inputs = Object.values(GROUPS).flat().map((value) => h("input", { type: "checkbox", value, defaultChecked: chosen.includes(value) }));
  const of = (value) => inputs.find((one) => one.value === value);
  const some = h("div", { class: "types", hidden: chosen.length === 0 },
    Object.entries(GROUPS).map(([name, list]) => h("fieldset", { class: "boxes" }, h("legend", {}, say(`types.${name}`)),
      list.map((value) => h("label", { class: "box" }, of(value), h("span", { class: "mono" }, value))))));
  const group = h("fieldset", { class: "boxes" }, h("legend", {}, say("webhooks.types")),
    radio("all", say("webhooks.all")), radio("some", say("types.some")), some);
  const all = group.querySelector("input[value=all]");
  group.addEventListener("change", () => { some.hidden = all.checked; });
  const read = () => (all.checked ? [] : inputs.filter((one) => one.checked).map((one) => one.value));
  return { group, read };
}

let made = 0;

bring({
  en: {
    "types.some": "only these",
    "types.music": "Briefs and candidates",
    "types.families": "Families of sounds",
    "types.batches": "Batches",
    "types.files": "Files and licenses",
    "types.money": "Money and caps",
    "types.webhooks": "Webhooks",
  },
  zh: {
    "types.some": "仅以下类型",
    "types.music": "需求与候选",
    "types.families": "声音家族",
    "types.batches": "批量任务",
    "types.files": "文件与授权",
    "types.money": "费用与上限",
    "types.webhooks": "Webhook",
  },
});
