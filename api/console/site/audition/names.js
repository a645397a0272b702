// What constraints and cabin sounds are called, and in which units they are measured.

import { h } from "../elements.js";
import { bring, known, number, say, seconds } from "../words.js";

const CONSTRAINTS = {
  duration_ms: ["Length", "时长"], duration: ["Length", "时长"], bars: ["Bars", "小节数"],
  bpm: ["Tempo", "速度"], meter: ["Meter", "拍号"], tonality: ["Key", "调性"],
  lufs: ["Loudness", "响度"], loudness_lufs: ["Loudness", "响度"],
  true_peak_dbtp: ["True peak", "真峰值"], peak_dbfs: ["Peak", "峰值"],
  sample_rate: ["Sample rate", "采样率"], channels: ["Channels", "声道数"],
  seam_db: ["Loop seam", "循环接缝"], stem: ["Stem", "分轨"], require: ["Must have", "必须有"],
  forbid: ["Must not have", "不得有"], energy: ["Energy curve", "能量曲线"], hit: ["Hit", "卡点"],
  attack_ms: ["Attack", "起音"], decay_ms: ["Decay", "衰减"], band_hz: ["Band", "频带"],
  first_audible_ms: ["First audible", "起始可闻"], zero_ended: ["Ends in silence", "以静音结束"],
  urgency: ["Urgency", "紧迫度"], peak_to_total: ["Peak to total", "峰值占比"],
  above_4khz_db: ["Above 4 kHz", "4 kHz 以上"], above_2500hz_db: ["Above 2.5 kHz", "2.5 kHz 以上"],
  below_80hz_db: ["Below 80 Hz", "80 Hz 以下"],
  small_speaker_loss_lu: ["Loss on small speakers", "小扬声器损失"],
  centroid_hz: ["Spectral centre", "频谱重心"], audible_margin_db: ["Margin over noise", "高于噪声"],
  mono_fold_lu: ["Mono fold-down", "单声道折叠"], channel_power_db: ["Channel balance", "声道平衡"],
  seam_step_db: ["Seam step", "接缝阶跃"], seam_level_db: ["Seam level", "接缝电平"],
  seam_spectrum: ["Seam spectrum", "接缝频谱"], loudness_range_lu: ["Loudness range", "响度范围"],
  onset_db: ["Onsets", "起音突变"], first_order_hz: ["First order", "一阶频率"],
  level_dba: ["Level", "声级"], over_noise_db: ["Over noise", "高于噪声"],
  distinct: ["Told apart", "可区分"], timbre: ["One timbre", "音色统一"],
  signature: ["Signature", "标志音程"], recognised_in_noise: ["Recognised in noise", "噪声中可识别"],
  likeness: ["Likeness", "相似度"], mirrored: ["Mirrored", "镜像"],
};
const SOUNDS = {
  welcome: ["Welcome", "欢迎"], farewell: ["Farewell", "道别"], door_open: ["Door opens", "开门"],
  door_close: ["Door closes", "关门"], lock: ["Lock", "锁车"], unlock: ["Unlock", "解锁"],
  charge_start: ["Charging starts", "开始充电"], seat_belt: ["Seat belt", "安全带"],
  low_battery: ["Low battery", "电量低"], notify: ["Notice", "通知"], warn: ["Warning", "警告"],
  indicator: ["Indicator", "转向灯"], charging: ["Charging", "充电中"], sleep: ["Sleep", "小憩"],
  drive: ["Drive", "行驶"],
};
const STEMS = {
  drums: ["Drums", "鼓"], bass: ["Bass", "贝斯"], chords: ["Chords", "和弦"], pads: ["Pads", "铺底"],
  lead: ["Lead", "主旋律"], counter: ["Counter-melody", "副旋律"], fx: ["Effects", "效果"],
};
const FACTS = {
  seed: ["Seed", "种子"], build: ["Build", "构建版本"], sound_set: ["Instruments", "音源"],
  sound_set_sha256: ["Instruments' digest", "音源摘要"], plan_sha256: ["Plan", "结构摘要"],
  brief_sha256: ["Brief", "需求摘要"], model_sha256: ["Composing model", "作曲模型"],
  score_sha256: ["Score", "乐谱摘要"], planner_sha256: ["Planning model", "结构模型"],
  master_sha256: ["Master", "母带摘要"], bits_per_note: ["Bits per note", "每音比特"],
  sounds_sha256: ["Sounds", "声音摘要"], character_sha256: ["Character", "性格摘要"], take: ["Take", "版次"],
  digital_source_type: ["Source type (IPTC)", "来源类型(IPTC)"],
};
const UNITS = [["_ms", "ms"], ["_dbtp", "dBTP"], ["_dbfs", "dBFS"], ["_dba", "dBA"], ["_db", "dB"],
  ["_lufs", "LUFS"], ["_lu", "LU"], ["_hz", "Hz"], ["bpm", "bpm"], ["lufs", "LUFS"], ["sample_rate", "Hz"],
  ["duration", "ms"], ["_kmh", "km/h"]];

for (const [kind, names] of Object.entries({ constraint: CONSTRAINTS, sound: SOUNDS, stem: STEMS, fact: FACTS })) {
  const of = (at) => Object.fromEntries(Object.entries(names).map(([name, said]) => [`${kind}.${name}`, said[at]]));
  bring({ en: of(0), zh: of(1) });
}

/** What a constraint is called; ours of a family have their sounds behind a dot. */
export function constraint(name) {
  const [first, ...sounds] = name.split(".");
  const said = named("constraint", first);
  return sounds.length ? `${said}: ${sounds.map(sound).join(", ")}` : said;
}

/** What a cabin sound is called; a client's own name stays as it is. */
export function sound(name) {
  return named("sound", name);
}

/** What a stem is called, such as `drums`. */
export function stem(name) {
  return named("stem", name);
}

function named(kind, name) {
  return known(`${kind}.${name}`) ? say(`${kind}.${name}`) : name.replaceAll("_", " ");
}

/** What a fact of the provenance is called. */
export function fact(name) {
  return named("fact", name);
}

/** The unit of a constraint; "" where it has none. */
export function unit(name) {
  return UNITS.find(([end]) => name.endsWith(end))?.[1] ?? "";
}

/** A value of a constraint for people: words, or an element where there are several. */
export function value(name, said) {
  if (said === null || said === undefined) return "";
  if (typeof said === "boolean") return say(said ? "audition.true" : "audition.false");
  if (typeof said === "number") return measure(name, said);
  if (Array.isArray(said)) return list(name, said);
  if (typeof said === "object") return several(name, said);
  return String(said);
}

function measure(name, said) {
  if (/^duration(_ms)?$/.test(name)) return seconds(said / 1000);
  return `${number(said, 2)} ${unit(name)}`.trim();
}

/** Several values, each with its name: of sounds, or of the speeds of a car. */
function several(name, said) {
  const speeds = Object.keys(said).every((one) => /^\d+$/.test(one));
  return h("span", { class: "several" }, Object.entries(said).filter(([, one]) => one !== null)
    .map(([key, one]) => h("span", {}, h("b", {}, speeds ? `${key} km/h` : label(key)), " ",
      typeof one === "object" ? Object.entries(one).map(([inner, each]) =>
        `${label(inner)} ${value(inner, each)}`).join(" · ") : value(key, one))));
}

/** A name without its unit, which stands behind the value. */
function label(name) {
  const end = UNITS.find(([suffix]) => suffix.startsWith("_") && name.endsWith(suffix))?.[0] ?? "";
  return known(`sound.${name}`) ? sound(name) : name.slice(0, name.length - end.length).replaceAll("_", " ");
}

function list(name, said) {
  const [low, high] = said;
  const span = said.length === 2 && [low, high].every((one) => one === null || typeof one === "number");
  if (!span) return said.map((one) => (Array.isArray(one) ? one.join(" → ") : value("", one))).join(", ");
  if (high === null) return say("audition.from", { value: value(name, low) });
  if (low === null) return say("audition.upto", { value: value(name, high) });
  return `${number(low, 2)} – ${number(high, 2)} ${unit(name)}`.trim();
}
