// What the trade's ids are called: styles, instruments, moods. An id without words of its own is
// shown as it is, so a new one is never hidden.

import { bring, known, say } from "../words.js";

const EN = {
  kind: { bed: "Bed", loop: "Loop", sting: "Sting", chime: "Chime", ambience: "Ambience" },
  style: { lofi: "Lo-fi", house_edm: "House / EDM", trap_hiphop: "Trap / hip-hop" },
  instrument: { fx: "effects", dizi: "dizi (bamboo flute)", yangqin: "yangqin (dulcimer)" },
  form: { i: "Intro", br: "Break", e: "Ending" },
};

const ZH = {
  kind: { bed: "背景音乐", loop: "循环", sting: "短乐句", chime: "提示音", ambience: "环境声" },
  style: {
    acoustic_folk: "原声民谣", bossa: "波萨诺瓦", chinese_traditional: "中国传统", chiptune: "芯片音乐",
    cinematic_tension: "电影悬疑", country: "乡村", dark_ambient: "黑暗氛围", fantasy_tavern: "奇幻酒馆",
    funk_corporate: "放克商务", horror: "恐怖", house_edm: "浩室电子", jazz_trio: "爵士三重奏", lofi: "低保真",
    meditation: "冥想", metal: "金属", orchestral_epic: "史诗管弦", orchestral_tender: "抒情管弦", rock: "摇滚",
    solo_piano: "钢琴独奏", synthwave: "合成器浪潮", trap_hiphop: "陷阱嘻哈", waltz_ballroom: "圆舞曲",
  },
  instrument: {
    drums: "鼓", bass: "低音", chords: "和弦", pads: "铺底", lead: "主奏", counter: "副旋律", fx: "效果",
    accordion: "手风琴", acoustic_guitar: "木吉他", bagpipe: "风笛", banjo: "班卓琴", bass_guitar: "贝斯",
    bassoon: "大管", bells: "钟铃", brass: "铜管", celesta: "钢片琴", cello: "大提琴", choir: "合唱",
    clarinet: "单簧管", clavinet: "击弦古钢琴", dizi: "笛子", double_bass: "低音提琴", dulcimer: "扬琴类",
    electric_guitar: "电吉他", electric_piano: "电钢琴", erhu: "二胡", flute: "长笛", guitar: "吉他",
    guzheng: "古筝", harmonica: "口琴", harp: "竖琴", harpsichord: "羽管键琴", horn: "圆号", keys: "键盘",
    mallets: "槌击乐器", marimba: "马林巴", music_box: "八音盒", oboe: "双簧管", organ: "管风琴",
    percussion: "打击乐", piano: "钢琴", pipa: "琵琶", saxophone: "萨克斯", sitar: "西塔琴", strings: "弦乐",
    synth: "合成器", synth_bass: "合成贝斯", timpani: "定音鼓", trombone: "长号", trumpet: "小号",
    ukulele: "尤克里里", vibraphone: "颤音琴", viola: "中提琴", violin: "小提琴", woodwinds: "木管",
    yangqin: "扬琴", all: "全部", rain: "雨", wind: "风", ocean: "海浪", stream: "溪流", fire: "火", room: "室内",
  },
  mood: {
    happy: "快乐", bright: "明亮", upbeat: "轻快", energetic: "有力", calm: "平静", chill: "放松", sad: "悲伤",
    emotional: "动情", warm: "温暖", hopeful: "充满希望", romantic: "浪漫", elegant: "优雅", epic: "史诗",
    heroic: "英雄", tense: "紧张", mysterious: "神秘", dark: "黑暗", scary: "可怕", aggressive: "激烈",
    dreamy: "梦幻", nostalgic: "怀旧", cool: "酷", confident: "自信", cute: "可爱", funny: "滑稽",
    solemn: "庄严", modern: "现代", festive: "节日", minimal: "极简",
  },
  form: { i: "引子", br: "间歇", e: "结尾" },
};

// English takes the ids themselves, where it does not say otherwise.
const ids = grouped(ZH, (_, id) => plain(id));
bring({ en: keyed(grouped(ids, (word, id, group) => EN[group]?.[id] ?? word)), zh: keyed(ZH) });

function grouped(groups, make) {
  return Object.fromEntries(Object.entries(groups).map(([group, words]) =>
    [group, Object.fromEntries(Object.entries(words).map(([id, word]) => [id, make(word, id, group)]))]));
}

function keyed(groups) {
  return Object.fromEntries(Object.entries(groups).flatMap(([group, words]) =>
    Object.entries(words).map(([id, word]) => [`name.${group}.${id}`, word])));
}

function plain(id) {
  return id.replaceAll("_", " ");
}

/** What an id of a group (`kind`, `style`, `instrument`, `mood`, `form`) is called. */
export function nameOf(group, id) {
  const key = `name.${group}.${id}`;
  return known(key) ? say(key) : plain(id);
}

/** A section of the form: "A'" stays, "br" is a break. */
export function sectionName(name) {
  const [, letter, primes] = /^(i|br|e|[A-D])('*)$/.exec(name) ?? [null, name, ""];
  return known(`name.form.${letter}`) ? `${say(`name.form.${letter}`)}${primes}` : name;
}
