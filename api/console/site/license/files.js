// A track's files: heard here, or fetched by a link that needs no key.

import { Deck } from "../audition/deck.js";
import { stem, sound } from "../audition/names.js";
import { context, Sounds } from "../audition/sounds.js";
import { bars, triangle } from "../audition/transport.js";
import { call } from "../door.js";
import { announce, h, problem, replace } from "../elements.js";
import { number, say } from "../words.js";

const PROFILES = ["unity", "godot", "wwise", "fmod", "harvest"];

/** The card of a track's own files and of its packages. */
export function files(track, family) {
  const ear = new Ear();
  const wrong = h("div", {});
  const rows = track.files.map((one) => {
    const path = `/v1/tracks/${track.id}/files/${one.name}`;
    return row(named(one.name, family), path, one, ear, wrong);
  });
  const element = h("section", { class: "card" }, h("h2", {}, say("license.files")),
    h("p", { class: "hint" }, say("license.files.hint")), h("ul", { class: "files" }, rows), wrong,
    packages(track, family ? ["automotive"] : PROFILES));
  return { element, close: () => ear.close() };
}

/** A line of a file: hear it where it sounds, fetch it. */
export function row(name, path, { bytes, media_type: kind }, ear, wrong) {
  const get = h("button", { type: "button", "aria-label": say("license.file.download", { name }),
    on: { click: () => fetched(`${path}?link=true`, wrong) } }, "↓", h("span", { class: "hint" }, size(bytes)));
  return h("li", {}, ear && kind.startsWith("audio/") && kind !== "audio/midi" ? ear.button(name, path) : h("span"),
    h("span", {}, name), h("span", { class: "hint" }, kind.replace(/^audio\/|^application\//, "")), get);
}

/** What a track's file is called. */
export function named(name, family = false) {
  if (family) return sound(name);
  if (name.startsWith("stem.")) return say("license.file.stem", { stem: stem(name.slice(5)) });
  return name === "master" || name === "midi" ? say(`license.file.${name}`) : name;
}

async function fetched(path, wrong) {
  replace(wrong);
  try {
    save((await call("GET", path)).url);
  } catch (error) {
    replace(wrong, problem(error));
  }
}

/** Let the browser fetch what is there. */
export function save(url, name = "") {
  const link = h("a", { href: url, download: name, target: "_blank", rel: "noopener", hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

function size(bytes) {
  return bytes < 1e6 ? `${number(bytes / 1e3, 0)} kB` : `${number(bytes / 1e6)} MB`;
}

// --- packages ---

function packages(track, profiles) {
  const state = h("div", { class: "stack" });
  return h("div", { class: "stack" }, h("h3", {}, say("license.packages")),
    h("p", { class: "hint" }, say("license.packages.hint")),
    h("div", { class: "row" }, profiles.map((profile) => {
      const name = say(`license.package.${profile}`);
      const button = h("button", { type: "button", "aria-label": say("license.package.get", { name }),
        on: { click: () => build(track, profile, name, button, state) } }, name);
      return button;
    })), state);
}

async function build(track, profile, name, button, state) {
  const going = h("div", { role: "status" }, h("p", { class: "hint" }, say("license.package.building", { name })),
    h("progress", { "aria-label": say("license.package.building", { name }) }));
  button.disabled = true;
  replace(state, going);
  try {
    let found = null;
    // 202 is a rendition on its way, 200 the link.
    do found = await call("GET", `/v1/tracks/${track.id}/package?profile=${profile}&wait=20&link=true`);
    while (found.status && button.isConnected);
    if (!button.isConnected) return;
    const said = say("license.package.ready", { name });
    replace(state, h("p", {}, said, " ", h("a", { href: found.url, download: "" },
      `${say("license.file.download", { name })} (${size(found.bytes)})`)));
    announce(said);
    save(found.url);
  } catch (error) {
    replace(state, problem(error));
  } finally {
    button.disabled = false;
  }
}

// --- hearing one file ---

/** One file at a time, from its beginning. */
export class Ear {
  constructor() {
    this.deck = null;
    this.now = null;
    this.kept = null;
  }

  button(name, path) {
    const button = h("button", { type: "button", class: "bare", "aria-label": say("license.file.hear", { name }),
      on: { click: () => this.press(button, name, path) } }, triangle());
    return button;
  }

  async press(button, name, path) {
    const again = this.now?.button === button;
    this.stop();
    if (again) return;
    this.deck ??= this.open();
    // A track has many files, and each is large once it is decoded.
    if (this.kept !== path) this.sounds.drop(this.kept);
    this.kept = path;
    this.now = { button, name };
    button.setAttribute("aria-label", say("license.file.stop", { name }));
    replace(button, bars());
    try {
      const buffer = await this.sounds.get(path);
      if (this.now?.button !== button) return;
      this.deck.put("file", buffer);
      this.deck.hear("file");
      this.deck.seek(0);
      this.deck.play();
    } catch {
      if (this.now?.button === button) this.stop();
    }
  }

  open() {
    const deck = new Deck(context(48_000));
    this.sounds = new Sounds(deck.context);
    deck.addEventListener("state", () => { if (!deck.playing && deck.position >= deck.duration) this.stop(); });
    return deck;
  }

  stop() {
    if (this.now === null) return;
    const { button, name } = this.now;
    this.now = null;
    button.setAttribute("aria-label", say("license.file.hear", { name }));
    replace(button, triangle());
    this.deck.pause();
  }

  close() {
    this.stop();
    this.deck?.close();
    this.deck?.context.close();
  }
}
