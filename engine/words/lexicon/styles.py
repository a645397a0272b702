# ruff: noqa: E501  (a row of a table is one line)
"""Styles by name, and the wider genres that speak for several of them."""

# Style: its names in English and in Chinese.
STYLE_NAMES: tuple[tuple[str, str, str], ...] = (
    (
        "solo_piano",
        "solo piano, piano solo, piano ballad, piano piece, piano only, just piano, felt piano, neoclassical piano, neo classical, neoclassical, solo_piano",
        "钢琴独奏、独奏钢琴、纯钢琴、钢琴曲、钢琴小品、新古典、钢琴抒情",
    ),
    (
        "orchestral_epic",
        "epic orchestral, orchestral epic, epic orchestra, epic music, trailer music, heroic orchestral, epic cinematic, cinematic epic, hybrid orchestral, orchestral_epic",
        "史诗管弦、史诗音乐、史诗交响、史诗配乐、史诗级、大气交响、交响史诗、恢弘交响、史诗",
    ),
    (
        "orchestral_tender",
        "tender orchestral, orchestral tender, gentle orchestral, romantic orchestral, emotional orchestral, soft orchestral, warm orchestral, chamber orchestra, emotional strings, orchestral_tender",
        "温情管弦、抒情管弦、柔和管弦、温暖管弦、抒情弦乐、温情弦乐、室内乐",
    ),
    (
        "cinematic_tension",
        "cinematic tension, tension underscore, suspense music, thriller score, thriller music, tension music, tension bed, suspense underscore, cinematic_tension",
        "悬疑配乐、紧张配乐、悬疑音乐、惊险配乐、谍战配乐",
    ),
    (
        "dark_ambient",
        "dark ambient, metallic drone, metallic drones, low drone, low drones, deep drone, deep drones, drone music, dark drone, ambient drone, space ambient, dark_ambient",
        "黑暗氛围、暗黑氛围、黑暗环境音乐、暗黑环境音乐、嗡鸣氛围",
    ),
    (
        "meditation",
        "meditation music, meditation, ambient meditation, healing music, sleep music, yoga music, spa music, new age, relaxing ambient",
        "冥想、冥想音乐、疗愈音乐、助眠音乐、瑜伽音乐、新世纪音乐、轻氛围、空灵氛围",
    ),
    (
        "lofi",
        "lofi, lo fi, lofi hip hop, lo fi hip hop, lofi beat, lo fi beat, chillhop, chill hop, study beat, lofi hiphop, lo fi hiphop",
        "低保真、lofi嘻哈、低保真嘻哈、放松节拍",
    ),
    (
        "jazz_trio",
        "jazz trio, jazz, swing jazz, piano trio, bebop, cool jazz, smooth jazz, lounge jazz, late night jazz, swing, jazz_trio, jazzy, blues",
        "爵士三重奏、爵士、爵士乐、摇摆爵士、摇摆乐、冷爵士、蓝调、布鲁斯",
    ),
    (
        "bossa",
        "bossa nova, bossa, bossanova, brazilian jazz, samba",
        "波萨诺瓦、巴萨诺瓦、波萨、巴西爵士、桑巴",
    ),
    (
        "funk_corporate",
        "corporate funk, funk, funky, corporate music, corporate pop, corporate, upbeat corporate, nu disco, disco, funk_corporate",
        "放克、企业配乐、商务放克、迪斯科、企业音乐、商务音乐",
    ),
    (
        "acoustic_folk",
        "acoustic folk, folk, indie folk, folk guitar, acoustic pop, singer songwriter, campfire song, acoustic_folk, folky, acoustic",
        "民谣、木吉他民谣、独立民谣、原声民谣、校园民谣、原声",
    ),
    (
        "country",
        "country music, country, country rock, bluegrass, western music, nashville, americana, country song, honky tonk",
        "乡村音乐、乡村摇滚、蓝草、美式乡村、西部音乐、乡村风格",
    ),
    (
        "rock",
        "rock, rock music, hard rock, indie rock, punk, pop rock, punk rock, alternative rock, garage rock, rock band, classic rock, stadium rock",
        "摇滚、硬摇滚、朋克、流行摇滚、摇滚乐、另类摇滚、独立摇滚",
    ),
    (
        "metal",
        "metal, heavy metal, metalcore, thrash, death metal, djent, thrash metal, industrial metal, industrial",
        "金属、重金属、金属乐、死亡金属、金属核、工业金属、激流金属",
    ),
    (
        "synthwave",
        "synthwave, synth wave, retrowave, outrun, 80s synth, eighties synth, retro synth, darksynth, vaporwave, retro electronic, 80s, 1980s, eighties, 80s retro, synthpop, synth pop",
        "合成器浪潮、复古合成器、蒸汽波、复古电子、八十年代、80年代、合成器流行、合成器波、八零年代",
    ),
    (
        "house_edm",
        "edm, house music, house, deep house, tech house, progressive house, techno, trance, dance music, electronic dance, big room, future bass, club music, electro house, eurodance, festival edm, house_edm",
        "电子舞曲、浩室、舞曲、铁克诺、科技舞曲、出神、夜店音乐、未来贝斯、深浩室、电音",
    ),
    (
        "trap_hiphop",
        "trap, hip hop, hiphop, trap beat, rap beat, drill, boom bap, hip hop beat, trap hip hop, trap_hiphop, 808 beat, phonk",
        "陷阱、嘻哈、说唱伴奏、陷阱音乐、街头嘻哈、说唱节拍、嘻哈节拍、trap节拍",
    ),
    (
        "chiptune",
        "chiptune, chip tune, 8 bit, 8bit, eight bit, 16 bit game, bitpop, nes, game boy, gameboy, pixel music, chip music",
        "像素、八位、芯片音乐、红白机、8位、像素风、8比特、八比特、像素音乐、八位机、fc游戏",
    ),
    (
        "waltz_ballroom",
        "ballroom waltz, viennese waltz, waltz, ballroom, ballroom dance, waltz_ballroom",
        "圆舞曲、华尔兹、维也纳圆舞曲、交谊舞、宫廷舞曲",
    ),
    (
        "chinese_traditional",
        "chinese traditional, traditional chinese, chinese style, chinese folk, guofeng, ancient chinese, peking opera, beijing opera, oriental chinese, chinese_traditional, wuxia, xianxia, chinese",
        "国风、古风、中国风、中国传统、民乐、国乐、传统民乐、新国风、中式、国潮、江南丝竹、戏曲、京剧、昆曲、京韵",
    ),
    (
        "fantasy_tavern",
        "fantasy tavern, tavern music, tavern song, medieval folk, medieval, celtic, irish jig, jig, reel, fantasy folk, irish folk, renaissance, fantasy_tavern, bardic, celtic folk, irish",
        "酒馆音乐、奇幻酒馆、凯尔特、中世纪、爱尔兰、爱尔兰舞曲、文艺复兴、奇幻民谣",
    ),
    (
        "horror",
        "horror, horror music, horror score, scary music, creepy music, horror ambience, horror soundtrack",
        "恐怖、恐怖音乐、惊悚音乐、恐怖配乐、恐怖氛围",
    ),
)

# Wider genres: what they speak for, in English and Chinese.
GENRES: tuple[tuple[str, str, str], ...] = (
    (
        "orchestral_tender:1 orchestral_epic:0.9",
        "orchestral, orchestra, symphonic, symphony, film score, film music",
        "管弦、管弦乐、交响、交响乐、电影配乐、影视配乐",
    ),
    (
        "orchestral_tender:0.6 solo_piano:0.6",
        "classical, classical music, chamber music",
        "古典、古典音乐",
    ),
    (
        "orchestral_epic:0.6 orchestral_tender:0.6 cinematic_tension:0.6",
        "cinematic, filmic, movie score, soundtrack",
        "电影感、影视感、电影化",
    ),
    (
        "meditation:1 dark_ambient:0.8",
        "ambient, ambient music, ambience, atmospheric, soundscape, background ambience",
        "氛围音乐、环境音乐、氛围、氛围感、环境氛围",
    ),
    (
        "house_edm:0.8 synthwave:0.7",
        "electronic, electronica, electro, electronic music",
        "电子、电子音乐、电子乐、电子风",
    ),
    ("synthwave:0.5 chiptune:0.5", "retro, vintage, old school", "复古、怀旧复古"),
    (
        "synthwave:0.5",
        "sci fi, cyberpunk, science fiction, futuristic",
        "科幻、赛博朋克、未来感、未来主义",
    ),
    ("funk_corporate:0.8 acoustic_folk:0.6", "pop, pop music, indie pop", "流行、流行音乐"),
    (
        "fantasy_tavern:0.6 orchestral_tender:0.4",
        "fantasy, magical, fairy tale, fairytale",
        "奇幻、魔幻、童话",
    ),
    ("bossa:0.8", "latin, brazilian, tropical", "拉丁、热带"),
    ("jazz_trio:0.7", "lounge, soul, rnb, r&b", "灵魂乐、沙发音乐"),
)
