// Every constraint of a candidate: what was asked, what it measures, how close that is.

import { h, table } from "../elements.js";
import { number, say, seconds } from "../words.js";
import { constraint, stem, unit, value } from "./names.js";

/** Asked is the most there may be. */
const CEILINGS = new Set(["true_peak_dbtp", "peak_dbfs", "seam_db", "peak_to_total", "above_4khz_db",
  "above_2500hz_db", "below_80hz_db", "small_speaker_loss_lu", "centroid_hz", "mono_fold_lu",
  "channel_power_db", "first_audible_ms", "timbre", "seam_step_db", "seam_level_db", "seam_spectrum",
  "onset_db", "over_noise_db"]);
/** Asked is the least there must be. */
const FLOORS = new Set(["distinct", "signature", "recognised_in_noise", "likeness"]);

/** The constraints as a table. */
export function measures(measured, caption) {
  const heads = [say("audition.measures.name"), { text: say("audition.measures.asked"), class: "number" },
    { text: say("audition.measures.measured"), class: "number" }, say("audition.measures.close"),
    say("audition.measures.passed")];
  return h("div", { class: "measures" }, table(heads, measured.map(row), caption));
}

/** How many there are, and how many of them are missed. */
export function tally(measured) {
  const missed = measured.filter((one) => !one.pass).length;
  const count = measured.length;
  return missed ? say("audition.some_missed", { missed, count }) : say("audition.all_kept", { count });
}

function row(one) {
  const { name, asked, measured, detail } = one;
  // The measured value of a stem is its level; what was asked is its name.
  const words = name === "stem";
  return [
    h("span", {}, constraint(name), detail ? h("span", { class: "hint detail" }, detail) : null),
    asked === null || asked === undefined ? h("span", { class: "hint" }, say("audition.open")) : words ? stem(asked) : value(name, asked),
    words && typeof measured === "number" ? `${number(measured, 2)} dBFS` : value(name, measured),
    closeness(name, asked, measured),
    h("span", { class: `badge ${one.pass ? "good" : "bad"}` }, one.pass ? "✓ " : "✗ ",
      say(one.pass ? "audition.yes" : "audition.no")),
  ];
}

function closeness(name, asked, measured) {
  if (typeof measured !== "number") return "";
  if (Array.isArray(asked)) return span(name, asked, measured);
  if (typeof asked !== "number") return "";
  const by = told(name, Math.abs(measured - asked));
  if (CEILINGS.has(name)) return say(measured <= asked ? "audition.below" : "audition.over", { by });
  if (FLOORS.has(name)) return say(measured >= asked ? "audition.above" : "audition.under", { by });
  return measured === asked ? say("audition.exact") : say("audition.off", { by });
}

function span(name, [low, high], measured) {
  if (typeof low !== "number" && typeof high !== "number") return "";
  const above = typeof low === "number" ? measured - low : Infinity;
  const below = typeof high === "number" ? high - measured : Infinity;
  const nearer = Math.min(above, below);
  const by = told(name, Math.abs(nearer));
  const words = say(nearer >= 0 ? "audition.inside" : "audition.outside", { by });
  if (!Number.isFinite(above + below)) return words;
  const at = Math.max(0, Math.min(1, above / (above + below)));
  return h("span", { class: "nearness" },
    h("span", { class: "scale", "aria-hidden": "true" },
      h("span", { class: "dot", style: { left: `${100 * at}%` } })), words);
}

function told(name, by) {
  if (name.startsWith("duration")) return seconds(by / 1000);
  const units = { dBTP: "dB", dBFS: "dB", LUFS: "LU" };
  const said = unit(name);
  return `${number(by, by < 0.1 ? 3 : 2)} ${units[said] ?? said}`.trim();
}
