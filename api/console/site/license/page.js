// A license: what it grants, its files in every shape, its stems under the hand, its certificate.

import { fact, sound } from "../audition/names.js";
import { originality, provenance, shown } from "../audition/origin.js";
import { granted } from "../audition/pick.js";
import { call, file } from "../door.js";
import { h, problem, replace } from "../elements.js";
import { known, number, say, seconds, spoken, when } from "../words.js";
import { contents, panel } from "./check.js";
import { files, save } from "./files.js";
import { Mixer } from "./mixer.js";
import { shapes } from "./shapes.js";
import "../audition/words.js";
import "./words.js";

/** The page `#/licenses/{id}`. */
export async function show(place, route) {
  const license = await call("GET", `/v1/licenses/${encodeURIComponent(route.parts[1])}`);
  const track = await call("GET", `/v1/tracks/${license.track}`);
  const said = contents(license.certificate);
  const over = new AbortController();
  const family = said.audio.files !== undefined;
  const mixer = family ? null : new Mixer(track, said.audio.sample_rate);
  const own = files(track, family);
  replace(place, head(license, track), mixer?.element, own.element,
    family ? null : shapes(track, over.signal), certificate(license, said));
  return () => {
    over.abort();
    mixer?.close();
    own.close();
  };
}

function head(license, track) {
  return h("header", { class: "stack" },
    h("div", { class: "spread" }, h("h1", {}, say("license.title")),
      h("a", { href: `#/briefs/${track.brief}` }, say("license.brief"))),
    h("div", { class: "row" }, h("code", {}, license.id),
      h("span", { class: "hint" }, say("license.issued", { at: when(license.created_at), tokens: license.tokens })),
      h("span", { class: "hint" }, seconds(track.duration_ms / 1000))),
    h("p", { class: `badge wordy ${license.grants ? "good" : "warn"}` },
      license.grants ? granted(license.rights) : say("license.grants_not.said")));
}

function certificate(license, said) {
  const wrong = h("div", {});
  const keep = (what, name) => async () => {
    try {
      const address = URL.createObjectURL(await file(`/v1/licenses/${license.id}/${what}`));
      save(address, name);
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      replace(wrong, problem(error));
    }
  };
  return h("section", { class: "card certificate" }, h("h2", {}, say("license.certificate")),
    h("p", { class: "hint" }, say("license.certificate.hint")),
    h("div", { class: "pair" }, h("dl", { class: "facts" }, facts(license, said)), panel(license, said)),
    h("div", { class: "row" },
      h("button", { type: "button", on: { click: keep("certificate", "license.json") } }, say("license.certificate.save")),
      h("button", { type: "button", on: { click: keep("certificate.html", "license.html") } },
        say("license.certificate.page"))), wrong,
    h("div", { class: "pair" },
      h("div", { class: "stack" }, h("h3", {}, say("license.human")), human(said.human_input)),
      h("div", { class: "stack" }, h("h3", {}, say("audition.origin")), originality(shared(said)))),
    h("details", {}, h("summary", {}, say("audition.provenance")), provenance(said.provenance)));
}

function facts(license, said) {
  const rows = [
    [say("license.rights"), [granted(said.rights), said.rights_read && spoken() === "en" ? h("span", { class: "hint" }, ` ${said.rights_read}`) : null]],
    [say("license.fact.holder"), h("code", {}, said.account)],
    [say("license.fact.mode"), known(`license.mode.${said.mode}`) ? say(`license.mode.${said.mode}`) : said.mode],
    [say("license.fact.track"), h("code", {}, said.track)],
    [say("license.fact.audio"), audio(said.audio)],
    said.marking ? [say("license.fact.marking"), said.marking] : null,
    [say("license.fact.training"), h("a", { href: said.training_data }, say("license.training.read"))],
    ...Object.entries(said.models ?? {}).map(([name, digest]) => [`${say("license.fact.models")}: ${fact(name)}`, shown(digest)]),
  ];
  return rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
}

function audio(said) {
  if (said.files) {
    return [say("license.several", { count: Object.keys(said.files).length }), ": ",
      Object.keys(said.files).map(sound).join(", ")];
  }
  return [say("license.frames", { seconds: seconds(said.frames / said.sample_rate), frames: number(said.frames),
    rate: number(said.sample_rate), depth: said.bit_depth, channels: said.channels }), " ", shown(said.sha256)];
}

/** The log of who decided what; the first certificates have two facts and no log. */
function human(said) {
  const log = said.log ?? [];
  const digest = said.words_sha256 ?? said.request_sha256;
  return [
    log.length ? h("ol", { class: "log" }, log.map((one) => h("li", {},
      h("time", { class: "hint", dateTime: one.at ?? "" }, one.at ? when(one.at) : ""), " ", did(one))))
      : h("p", {}, say("license.human.picked", { number: said.picked_number })),
    digest ? h("p", { class: "hint" }, `${say("license.human.words")} `, shown(digest)) : null,
  ];
}

function did(one) {
  const key = `license.human.${one.did}`;
  const said = known(key) ? say(key, { number: one.number }) : one.did;
  const fixed = one.fixed?.length ? h("span", { class: "hint" },
    ` ${say("license.human.fixed", { fields: one.fixed.map((name) => name.replaceAll("_", " ")).join(", ") })}`) : null;
  return [said, fixed, one.words ? h("q", { class: "words" }, one.words) : null];
}

/** Originality as a candidate has it, from a certificate of any age. */
function shared(said) {
  const found = said.provenance.originality;
  return found ? { training: found, delivered: found.delivered, brief: found.brief } : null;
}
