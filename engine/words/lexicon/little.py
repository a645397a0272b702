# ruff: noqa: E501  (a row of a table is one line)
"""Little words: refusals, joiners, what only looks like a word of ours, and what means nothing."""

NEGATORS: tuple[str, str] = (
    "no, not, without, w/out, nothing, none of, zero, sans, cannot have, can't have, hold the, steer clear of, stay away from, keep out, keep away from,  don't, dont, do not, avoid, avoiding, never, minus, excluding, exclude, except, except for, nor, skip, lacking, omit, instead of, rather than, leave out, don't want, do not want, don't use, do not use, isn't, shouldn't be, should not be, should not, shouldn't, must not, free of, leaving out, no need for, anything but, don't include, do not include, w/o",
    "不要、没有、没、无需、不必、切勿、千万别、千万不要、绝对不要、请不要、绝不、杜绝、不得、不可、别有、别出现、免、别放、别让、别搞、不准、省去、省略、摒弃、别、无、不用、不带、去掉、不加、不需要、不含、勿、除了、除去、不能有、不能、不想要、不使用、别用、不要用、别加、不许、禁止、避免、不、不是、不包含、不出现、拒绝、去除、不希望、不要有、非、不可以有、不得有、请勿使用、不要加、不要出现、不想",
)

# Refusals that follow what they refuse, in English; a Chinese negator may always do so.
LATE_NEGATORS: tuple[str, str] = (
    "not wanted, unwanted, not needed, not allowed, not required, not welcome, not desired, are banned, is banned, are forbidden, is forbidden, excluded, none please",
    "",
)

JOINERS: tuple[str, str] = ("and, or, nor, &, plus", "和、与、或、及、跟、以及、或者、还有")

# Genres whose names contain words of ours and that we cannot write.
UNKNOWN: tuple[str, str] = (
    "fade in, fades in, fading in, crossfade, quick turnaround, fast turnaround, turnaround time, kick off, kicks off, kick start, drum and bass, drum n bass, drum & bass, dnb, bass music, rock and roll hall, my house, our house, the house, white house, in house, open house, our country, the country, my country, countries, heavy rain, barbershop, lead time, leading, light bulb, cool down, french house style, fast food, hot keys, car keys, key visual, the lead actor, tech support, metal detector, precious metal, trap door, sheet metal, in fast forward",
    "淡入、渐入、鼓励、鼓掌、跑酷、燃油、燃油车、燃气、唱片、唱歌软件、慢性病、快门、快照、快捷、快速充电、快充、慢充、酷暑、残酷、冷酷、谜底、快手、快消、快消品、慢动作、慢镜头、慢性、金属质感、金属感、电子商务、电子产品、电子书、快餐、快递、重金属污染、低音炮",
)

# What we understand and cannot act upon: where the music goes, and praise of it. The client is told
# that it changed nothing; for cutting sentences and for refusals it counts as a filler.
CONTEXT: tuple[str, str] = (
    "game, games, video, videos, film, films, movie, movies, clip, clips, app, apps, brand, brands, company, project, moody, clean, beautiful, new, high quality, quality, atmosphere, atmospheres, inspired, show, shows",
    "游戏、视频、影片、电影、短片、片子、界面、项目、品牌、应用、公司、我们公司、店、店里、画面、优美、漂亮、好听",
)

# Words that carry nothing a brief can mean.
FILLERS: tuple[str, str] = (
    """not without, nothing but, can't do without, spot, spots, a, an, the, some, any, of, for, to, in, on, at, with, by, from, as, is, are, be, been, am, it, its, it's, this,
    that, these, those, i, i'd, i'm, me, my, we, we'd, we're, our, us, you, your, they, their, he, she, his, her, want, wants, need, needs, would, could, can,
    should, must, will, shall, may, please, like, make, makes, create, compose, generate, write, give, get, produce, do, does,
    music, track, song, piece, tune piece, composition, cue, sound, sounds, score, audio, style, styled, styles, feel, feeling,
    feels, vibe, vibes, mood, tone, genre, type, kind, sort, something, anything, that's, there, which, where, when, who, what, while,
    so, but, also, just, only for, very, really, too, quite, rather, a bit, bit, little, a little, slightly, somewhat, more, most,
    much, many, lot, lots, such, about, around, approximately, roughly, exactly, nice, good, great, perfect, best,
    w, hi, hello, hey, thanks, thank, looking, look, seeking, suitable, appropriate, fit, fits, fitting, used, use, using,
    scene, scenes, length, long, duration, tempo, speed, key, time, meter, signature, bpm, bars, bar, lasting, lasts,
    minute, minutes, second, seconds, overall, full, whole, featuring, feature, features, include, including, includes, has, have, having, contain, contains, into, over, under, up, out, through,
    one, it'll, set, play, playing, plays, played, add, put, then, than, if, all, each, every, both, per, within, based, effect, touch, elements, element, instruments, instrument, instrumentation, arrangement, arranged, section, version, let, lets, keep, keeping, sounding, ish, driven, led, no longer than, not longer than, not more than, no more than, at most, at least, up to, between, beat, beats, rhythm, rhythms, rhythmic, groove, grooves, line, lines, part, parts, layer, layers, day, place, ideal, goes, go, well, i need, we need, we want, mix, style of, in the style of, of the, kind of, sort of""",
    """不能没有、不能缺少、不能少、少不了、不可缺少、不可或缺、离不开、的、了、着、地、得、我、我们、你、您、他、她、它、要、想要、需要、请、来、做、写、给、给我、帮、帮我、一个、一段、一首、一条、一支、首、段、个、种、一种、一些、些、
    音乐、曲子、乐曲、歌曲、歌、曲、作品、风格、风、感觉、感、味道、类型、类、型、用于、用在、用、适合、作为、为、是、有、带、带有、带点、加入、加上、加、含、包含、以、为主、
    主要、能、可以、可、会、应该、最好、希望、并且、并、而且、同时、但、但是、不过、也、还、都、就、很、非常、特别、比较、有点、一点、一点点、稍微、稍、略、略带、较、更、太、
    十分、超、挺、最、大概、大约、左右、约、差不多、时长、长度、长、速度、节奏、节拍、拍子、调、调性、拍、节、一下、一、这、那、这个、那个、这种、那种、里、里面、中、
    上、下、在、到、从、对、与之、于、把、被、让、使、使用、请用、制作、创作、生成、设计、写一首、做一段、来一段、来一首、来个、整体、全曲、全程、场景、
    氛围的、情绪、气氛、气质、色彩、元素、乐器、伴奏、编曲、声音、声、音、音色、层、部分、好、美、不错、
    一样、样子、那样、这样、吗、呢、吧、啊、哦、呀、嘛、谢谢、你好、您好、时、时候、期间、的时候、之类、等、等等、每、各、请帮我、我想、我想要、我要、我需要、我们要、我们需要、想、出、放、播放、背景下、后、前、再、又、只、只需、小、点、些许、满、充满、具有、富有、偏、类似、像、如、例如、比如、所、所以、因为、由、任何、多、多一些、多点、少许、版、版本、听起来、听、起来、感受、做成、写成、配、配合、搭配、配上、突出、要求、必须、一定、一定要、不超过、不少于、至少、最多、以内、之内、不长于、人、家、片段、广告用""",
)
