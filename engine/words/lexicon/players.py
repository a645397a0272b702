# ruff: noqa: E501  (a row of a table is one line)
"""Instruments by name, what they say about a style, and how they are refused in one word."""

# Instruments: name (role group or family of `engine.words.instruments`), English, Chinese.
INSTRUMENTS: tuple[tuple[str, str, str], ...] = (
    (
        "drums",
        "drum, drums, drum kit, drum machine, drum beat, kick drum, drumkit, drumming, kick, kicks, snare, snares, hi hat, hi hats, hihat, hihats, cymbal, cymbals, toms, breakbeat, drum loop, drum groove",
        "鼓、鼓组、架子鼓、爵士鼓、鼓点、鼓声、鼓机、军鼓、底鼓、打鼓、电子鼓、踩镲、镲片、小军鼓、鼓击、鼓节奏",
    ),
    (
        "percussion",
        "percussion, taiko, conga, bongo, djembe, tambourine, shaker, hand percussion, perc, gong, hand drum, frame drum, bodhran, claps, hand claps, handclaps, cajon, tabla, castanets",
        "打击乐、太鼓、手鼓、锣鼓、锣、沙锤、铃鼓、拍手、箱鼓、塔布拉鼓、响板、非洲鼓、大鼓、打击乐器、打击、打击声、康加鼓",
    ),
    ("timpani", "timpani, kettledrum", "定音鼓"),
    (
        "bass",
        "bass, bassline, bass line, sub bass, 808, 808s, 808 bass",
        "贝斯、低音、贝司、低音线、重低音",
    ),
    ("synth_bass", "synth bass, acid bass", "合成贝斯、合成器贝斯"),
    ("bass_guitar", "bass guitar, electric bass, slap bass, fretless bass", "电贝斯、贝斯吉他"),
    (
        "double_bass",
        "double bass, upright bass, contrabass, acoustic bass",
        "低音提琴、倍大提琴、立式贝斯",
    ),
    ("chords", "chords, comping", "和弦"),
    ("pads", "pad, pads, synth pad", "铺底、铺垫、合成铺底、音垫"),
    (
        "lead",
        "lead, lead line, lead melody, lead synth, synth lead, melody, main melody, tune",
        "主旋律、主音、旋律、主奏",
    ),
    ("counter", "counter melody, countermelody, second voice", "副旋律、对位旋律、复调"),
    ("fx", "fx, sound effects, risers, riser, sweeps", "特效音、音效层"),
    (
        "piano",
        "piano, grand piano, upright piano, keyboard piano, pianos, piano melody",
        "钢琴、三角钢琴、立式钢琴",
    ),
    (
        "electric_piano",
        "electric piano, rhodes, e piano, wurlitzer, epiano, fender rhodes",
        "电钢琴、电钢",
    ),
    ("keys", "keys, keyboard, keyboards", "键盘"),
    ("harpsichord", "harpsichord", "羽管键琴、大键琴"),
    ("clavinet", "clavinet", "古钢琴"),
    ("celesta", "celesta", "钢片琴"),
    ("music_box", "music box, musical box", "八音盒、音乐盒"),
    ("vibraphone", "vibraphone, vibes", "颤音琴"),
    ("marimba", "marimba", "马林巴"),
    ("mallets", "mallets, xylophone, glockenspiel, mallet", "木琴、钟琴、木琴类"),
    (
        "bells",
        "bell, bells, tubular bells, chime bells, singing bowl, singing bowls, wind chimes, bell sound",
        "铃铛、钟声、颂钵、管钟、铃声音色、风铃、铃音",
    ),
    ("dulcimer", "dulcimer", "扬琴类"),
    ("organ", "organ, hammond, church organ, pipe organ, hammond organ", "管风琴、风琴、教堂风琴"),
    ("accordion", "accordion, bandoneon", "手风琴"),
    ("harmonica", "harmonica, mouth organ, blues harp", "口琴"),
    ("guitar", "guitar, guitars, guitar riff", "吉他、吉它"),
    (
        "acoustic_guitar",
        "acoustic guitar, nylon guitar, steel string guitar, fingerpicked guitar, classical guitar, spanish guitar, fingerstyle guitar, strummed guitar",
        "木吉他、原声吉他、古典吉他、民谣吉他、指弹吉他、尼龙吉他、指弹",
    ),
    (
        "electric_guitar",
        "electric guitar, distorted guitar, distortion guitar, overdriven guitar, lead guitar, power chords, clean guitar",
        "电吉他、失真吉他、主音吉他",
    ),
    (
        "strings",
        "strings, string section, string ensemble, string quartet, pizzicato, string orchestra",
        "弦乐、弦乐组、弦乐队、弦乐四重奏、拨弦、提琴",
    ),
    ("violin", "violin, fiddle, violins", "小提琴"),
    ("viola", "viola, violas", "中提琴"),
    ("cello", "cello, celli, cellos", "大提琴"),
    ("harp", "harp, harps", "竖琴"),
    (
        "choir",
        "choir, chorus voices, choral, choirs, wordless choir, choir pad",
        "合唱、合唱团、人声合唱、唱诗班、和声人声",
    ),
    (
        "brass",
        "brass, horns, tuba, tubas, flugelhorn, cornet, brass band, brass section, brass stabs",
        "铜管、铜管乐、铜管组、铜管乐器",
    ),
    ("trumpet", "trumpet, trumpets, muted trumpet", "小号"),
    ("trombone", "trombone, trombones", "长号"),
    ("horn", "french horn, horn, french horns", "圆号、法国号"),
    (
        "saxophone",
        "sax, saxophone, tenor sax, alto sax, saxes",
        "萨克斯、萨克斯风、色士风",
    ),
    ("woodwinds", "woodwind, woodwinds, winds", "木管、木管乐、木管组"),
    ("oboe", "oboe, oboes", "双簧管"),
    ("bassoon", "bassoon", "巴松、大管"),
    ("clarinet", "clarinet, clarinets", "单簧管、黑管"),
    ("flute", "flute, flutes, recorder, pan flute, piccolo", "长笛、竖笛、排箫、短笛"),
    (
        "synth",
        "synth, synths, plucks, pluck, synthesizer, synthesiser, arpeggio, arp, arps, analog synth, analogue synth, synthesizers, modular synth",
        "合成器、琶音器、模拟合成器、合成音色、琶音",
    ),
    ("banjo", "banjo", "班卓琴、五弦琴"),
    ("ukulele", "ukulele, uke", "尤克里里、乌克丽丽"),
    ("sitar", "sitar", "西塔琴"),
    ("guzheng", "guzheng, zheng, koto, guqin, zither", "古筝、筝、古琴"),
    ("pipa", "pipa, chinese lute", "琵琶"),
    ("dizi", "dizi, bamboo flute, xiao flute, shakuhachi", "笛子、竹笛、笛声、箫、洞箫、横笛"),
    ("erhu", "erhu, chinese fiddle", "二胡"),
    ("yangqin", "yangqin", "扬琴"),
    ("bagpipe", "bagpipe, bagpipes", "风笛"),
    (
        "vocals",
        "vocal, vocals, female vocal, male vocal, female voice, male voice, lead vocal, backing vocal, voice, voices, singing, singer, lyrics, lyric, voiceover, vocalist, sung vocals, human voice, vocal chops, rap vocals, rapping",
        "人声、歌词、演唱、歌声、唱歌、歌手、主唱、说唱人声、女声、男声、童声、唱",
    ),
)

# What an instrument alone says about the style, when nothing else does.
INSTRUMENT_HINTS = {
    "piano": "solo_piano:2",
    "electric_piano": "lofi:2",
    "acoustic_guitar": "acoustic_folk:2",
    "ukulele": "acoustic_folk:2",
    "harmonica": "acoustic_folk:1.5",
    "electric_guitar": "rock:2",
    "banjo": "country:3",
    "saxophone": "jazz_trio:2",
    "double_bass": "jazz_trio:1.5",
    "vibraphone": "jazz_trio:1",
    "synth": "synthwave:2",
    "strings": "orchestral_tender:1.5",
    "cello": "orchestral_tender:1.5",
    "violin": "orchestral_tender:1",
    "harp": "orchestral_tender:1",
    "oboe": "orchestral_tender:1",
    "choir": "orchestral_epic:1.5",
    "brass": "orchestral_epic:1.5",
    "horn": "orchestral_epic:1.5",
    "timpani": "orchestral_epic:2",
    "guzheng": "chinese_traditional:5.5",
    "pipa": "chinese_traditional:5.5",
    "erhu": "chinese_traditional:5.5",
    "dizi": "chinese_traditional:4.5",
    "yangqin": "chinese_traditional:5.5",
    "bagpipe": "fantasy_tavern:3",
    "accordion": "fantasy_tavern:1",
}

INSTRUMENTAL: tuple[str, str] = (
    "instrumental, instrumental only, purely instrumental, instrumental version",
    "纯音乐、器乐、无词、纯器乐",
)

# Instruments refused in one word.
WITHOUT: tuple[tuple[str, str, str], ...] = (
    (
        "drums",
        "drumless, beatless, no beat, no beats, without beats, drum free, drums free",
        "无鼓、去鼓、没鼓",
    ),
    ("vocals", "vocal free, vocals free, voice free, voiceless", "无人声、去人声"),
    ("percussion", "percussion free", "无打击乐"),
)
