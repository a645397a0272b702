// The console's words in both languages. A page brings its own; a test finds those that are missing.

const KEPT = "cuesmith.language";
const LANGUAGES = { en: "English", zh: "中文" };
const all = { en: {}, zh: {} };
let language = chosen() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
dress();

/** Add words: `{en: {key: sentence}, zh: {key: sentence}}`; `{name}` in a sentence is a value's
 * place, `{n|one token|{n} tokens}` chooses by number. */
export function bring(words) {
  for (const name of Object.keys(LANGUAGES)) Object.assign(all[name], words[name]);
}

/** The sentence of this key in the language of the page. */
export function say(key, values = {}) {
  const sentence = all[language][key];
  if (sentence === undefined) {
    console.error(`there are no words for ${key} in ${language}`);
    return key;
  }
  return sentence
    .replace(/\{(\w+)\|([^|{}]*)\|((?:[^{}]|\{\w+\})*)\}/g,
      (_, name, one, many) => (values[name] === 1 ? one : many))
    .replace(/\{(\w+)\}/g, (_, name) => shown(values[name]));
}

function shown(value) {
  return typeof value === "number" ? number(value) : String(value ?? "");
}

/** Whether there are words of this key; for what the gateway may call by names we do not know. */
export function known(key) {
  return all[language][key] !== undefined;
}

/** All words there are now, for the test that compares the languages. */
export function everything() {
  return all;
}

/** "en" or "zh". */
export function spoken() {
  return language;
}

/** Speak another language from now on; who shows a page shows it again. */
export function speak(name) {
  language = name;
  dress();
  try {
    localStorage.setItem(KEPT, name);
  } catch {
    // A browser that keeps nothing asks again next time.
  }
}

/** The languages by their own names. */
export function languages() {
  return { ...LANGUAGES };
}

function chosen() {
  try {
    const kept = localStorage.getItem(KEPT);
    return kept in LANGUAGES ? kept : null;
  } catch {
    return null;
  }
}

function dress() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
}

const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

/** 12,345.6; `digits` behind the point at most. */
export function number(value, digits = 1) {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}

/** An amount of a currency, in its smallest unit (cents), as Stripe writes it. */
export function money(amount, currency) {
  const format = new Intl.NumberFormat(locale(), { style: "currency", currency });
  const { maximumFractionDigits: digits } = format.resolvedOptions();
  return format.format(amount / 10 ** digits);
}

/** Seconds for people: "8.4 s", "48 s", "2:05". */
export function seconds(value) {
  if (value < 10) return `${number(value)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A time: of today the hour, of this year the day and the hour. */
export function when(iso) {
  const at = new Date(iso);
  const now = new Date();
  const time = { hour: "2-digit", minute: "2-digit" };
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString(locale(), time);
  const day = { day: "numeric", month: "short", ...time };
  return at.toLocaleString(locale(),
    at.getFullYear() === now.getFullYear() ? day : { ...day, year: "numeric" });
}
