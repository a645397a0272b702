# ruff: noqa: E501  (a row of a table is one line)
"""The words we understand, as tables a musician can read and extend.

English words are separated by commas, Chinese by ``、``. English matches whole words, with or
without a plural ending, and a hyphen counts as a space; Chinese matches anywhere. The longest entry
wins, so ``haunted house`` is horror although ``house`` alone is a dance style.
"""

from collections.abc import Iterator

from msgspec import Struct


class Entry(Struct, frozen=True, kw_only=True):
    """What a word or phrase stands for. ``votes`` speak for styles; the loudest is taken."""

    field: str
    value: str
    votes: tuple[tuple[str, float], ...] = ()
    pace: int = 0  # -2 very slow … 2 very fast, relative to the style's usual tempo


NAMED, GENRE, SCENE, MOOD = 10.0, 6.0, 4.0, 1.0
"""How loudly a style's own name, a wider genre, a scene and a mood speak for a style."""

DEFAULT_STYLE = "lofi"
"""Taken when nothing speaks for a style: mild, mid-tempo, and written to stay under speech."""

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
        "dark ambient, drone music, dark drone, ambient drone, space ambient, dark_ambient",
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
        "chinese traditional, traditional chinese, chinese style, chinese folk, guofeng, ancient chinese, oriental chinese, chinese_traditional, wuxia, xianxia, chinese",
        "国风、古风、中国风、中国传统、民乐、国乐、传统民乐、新国风、中式、国潮、江南丝竹、戏曲",
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

# Scenes: where the music will be used, and the style that fits there.
SCENES: tuple[tuple[str, str, str], ...] = (
    (
        "solo_piano",
        "wedding, charity, memory, memories, interview, interview underscore, hotel lobby, title screen, reflective film, reflection, tribute, graduation, poem",
        "回忆、婚礼、公益、访谈、访谈垫乐、毕业、追忆、诗歌朗诵、朗诵、酒店大堂",
    ),
    (
        "orchestral_epic",
        "trailer, heroic battle, battle, battlefield, sports final, brand film, game boss, boss fight, boss battle, final boss, victory, documentary finale, product reveal, war, hero, award ceremony, opening ceremony, kingdom, awards",
        "战斗、预告片、预告、电影预告、胜利、发布会、战场、决战、首领战、boss战、颁奖典礼、颁奖、开幕式、战争、英雄、王国、品牌大片、阅兵",
    ),
    (
        "orchestral_tender",
        "romance, family film, nature documentary, nature, farewell, film ending, animation, animated film, hospital, heritage brand, love scene, love story, wildlife, parting, ending credits, end credits, mother's day, christmas",
        "爱情、亲情、自然纪录片、离别、动画、告别、圣诞、圣诞节、片尾、医院、母亲节、动画片、大自然、爱情片",
    ),
    (
        "cinematic_tension",
        "thriller, investigation, countdown, heist, crime documentary, stealth level, stealth, cyber security, court, chase build, crime, detective, spy, chase scene, chase, interrogation, news investigation, espionage, true crime",
        "推理、倒计时、追逐、潜行、犯罪、危机、侦探、谍战、审讯、破案、追逐戏、刑侦、网络安全、法庭、间谍",
    ),
    (
        "dark_ambient",
        "abandoned place, cave, space horror, dungeon, post apocalypse, post apocalyptic, installation, mystery podcast, ruins, wasteland, deep space, underwater, outer space, space exploration, abyss, space station",
        "洞穴、废墟、太空、地牢、末日、深渊、遗迹、废土、宇宙、太空探索、深海、空间站",
    ),
    (
        "meditation",
        "yoga, sleep, spa, breathing app, wellness brand, wellness, clinic, night mode, car sleep, breathing exercise, breathing, massage, mindfulness, bedtime, baby sleep, sleeping, nap, lullaby, zen, zen garden",
        "瑜伽、助眠、疗愈、水疗、呼吸、睡眠、按摩、正念、睡前、养生、午睡、入睡、摇篮曲、呼吸练习",
    ),
    (
        "lofi",
        "study stream, study, studying, cafe, coffee shop, coffee house, vlog, chill game menu, product demo, app background, night city, homework, livestream, live stream, rainy day, daily life, daily vlog, reading, coding, podcast background, work from home, cat video",
        "学习、咖啡馆、日常、深夜、自习、写作业、直播、雨天、读书、写代码、直播间、产品演示、猫咪视频、播客、生活记录、日常记录",
    ),
    (
        "jazz_trio",
        "cocktail bar, wine bar, jazz bar, whisky bar, whiskey bar, restaurant, hotel lounge, detective comedy, cooking show, whisky, car brand, late night talk, late night show, fine dining, dinner party, talk show",
        "酒吧、餐厅、酒廊、威士忌、脱口秀、晚宴、西餐厅、鸡尾酒、高级餐厅",
    ),
    (
        "bossa",
        "beach hotel, brunch, travel cosmetics, spring fashion, elevator, cosmetics, beach, resort, pool bar, seaside, holiday, vacation, island, perfume brunch, skincare",
        "海滩、度假、早午餐、午后、海边、电梯、化妆品、度假村、假期、海岛、护肤",
    ),
    (
        "funk_corporate",
        "corporate video, product launch, app promo, explainer, retail, sports recap, fashion cut, upbeat vlog, company video, startup, presentation, company profile, business video, explainer video, tech promo, commercial, advertisement, advert, tutorial, supermarket, shop, onboarding, annual report, promo video",
        "企业宣传、企业宣传片、产品发布、时尚、广告、科技、公司介绍、宣传片、商场、超市、创业、产品介绍、教程、年会、企业年会、科技产品、招商、广告片",
    ),
    (
        "acoustic_folk",
        "family, farm, craft, road trip, indie film, autumn, children book, outdoor brand, outdoor, camping, hiking, countryside, picnic, garden, children's book, handmade, campfire, family vlog",
        "木吉他、旅行、家庭、秋天、露营、田园、徒步、亲子、手工、户外、儿童绘本、绘本、野餐、乡村生活、旅拍",
    ),
    (
        "country",
        "road movie, ranch, barbecue, pickup truck, diner, comedy western, western, line dance, farm game, cowboy, rodeo, highway, bbq",
        "公路、牧场、西部、烧烤、卡车、牛仔、公路片、农场游戏、西部片",
    ),
    (
        "rock",
        "sports, energy drink, action montage, youth brand, motor show, motorcycle, skateboard, stadium, football, soccer, car commercial, action scene, surf, skateboarding, sport",
        "运动、青春、汽车、体育、足球、摩托车、滑板、车展、汽车广告、运动品牌、能量饮料",
    ),
    (
        "metal",
        "combat game, demon boss, extreme sport, wrestling, industrial action, horror chase, demon, arena fight, hell",
        "恶魔、极限、极限运动、摔角、地狱、魔王、格斗",
    ),
    (
        "synthwave",
        "night drive, neon city, racing game, retro tech, fashion film, sci fi title, product teaser, kart, kart racing, kart select, neon, cyberpunk city, arcade racing, night driving, midnight city, car select, kart game, robot",
        "霓虹、夜驾、卡丁车、选车界面、赛车游戏、夜间驾驶、午夜城市、机器人、霓虹都市、赛车、夜路",
    ),
    (
        "house_edm",
        "club, fashion show, fitness, festival promo, e commerce sale, tech event, sports countdown, summer ad, party, birthday, birthday party, gym, workout, nightclub, runway, dance floor, shopping festival, black friday, catwalk, aerobics, pool party, rave, cardio",
        "派对、生日、生日派对、健身、时装秀、促销、夏日、夜店、健身房、走秀、双十一、双11、大促、t台、健身操、电商促销、狂欢",
    ),
    (
        "trap_hiphop",
        "streetwear, basketball, phone launch, gaming highlights, car drift, cosmetics bold, street dance, street, sneaker, esports, e sports, drift, graffiti, gaming montage, highlights reel, street fashion",
        "街头、潮流、篮球、电竞、街舞、球鞋、漂移、潮牌、涂鸦、游戏集锦、手机发布、电竞战队",
    ),
    (
        "chiptune",
        "retro game, game level, level, menu, mobile puzzle, pixel ad, quiz, kids app, victory jingle, pixel game, platformer, puzzle game, arcade, arcade game, pixel, mobile game, game menu, casual game, kids game, match 3, puzzle, jump and run, indie game",
        "复古游戏、关卡、菜单、闯关、像素游戏、小游戏、消消乐、益智游戏、解谜、解谜游戏、手机游戏、街机、儿童应用、问答、手游、休闲游戏、游戏菜单、平台跳跃、闯关游戏",
    ),
    (
        "waltz_ballroom",
        "ball, wedding dance, carousel, royal story, chocolate, perfume ad, winter, period drama, snow globe, merry go round, palace ball, first dance, royal, music box dance, perfume, masquerade",
        "舞会、宫廷、旋转木马、冬日、皇室、巧克力、香水、宫廷舞会、水晶球、化装舞会、香水广告、年代剧",
    ),
    (
        "chinese_traditional",
        "tea, tea house, tea ceremony, ink painting, palace drama, martial arts game, martial arts, spring festival, heritage tourism, museum, mountain temple, mid autumn, temple, lunar new year, chinese new year, kung fu, calligraphy, bamboo forest, dragon boat, forbidden city, mid autumn festival",
        "茶、水墨、宫斗、武侠、仙侠、春节、中秋、非遗、禅意、禅、茶馆、茶道、书法、竹林、古镇、端午、新年、博物馆、山水、江南、元宵、故宫、文旅、过年、功夫、汉服、寺庙、古装剧",
    ),
    (
        "fantasy_tavern",
        "tavern, village, market, rpg town, bard, card game, board game night, medieval fair, board game, pub, inn, fantasy town, rpg village, adventure, rpg, market square, hobbit, dungeons and dragons, d&d, pirates, elf forest, pirate, pirate ship, shanty",
        "酒馆、村庄、集市、吟游诗人、冒险、桌游、卡牌游戏、小镇、新手村、旅店、角色扮演、市集、精灵森林、海盗",
    ),
    (
        "horror",
        "haunted house, escape game, ghost story, jump scare, asylum, ritual, monster, halloween, escape room, zombie, ghost, survival horror, horror game, haunted, vampire, exorcism, horror film, horror movie, psychological horror",
        "惊悚、鬼屋、灵异、诡异、怪物、密室、万圣节、密室逃脱、僵尸、鬼故事、恐怖游戏、恐怖片、丧尸、僵尸生存、吸血鬼、幽灵、鬼怪",
    ),
)

# Moods: name, what they speak for, pace (-2 … 2), English, Chinese.
MOODS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "happy",
        "chiptune funk_corporate acoustic_folk",
        0,
        "happy, cheerful, joyful, fun, playful, merry, joyous, jolly, smiling, happily",
        "快乐、欢快、开心、欢乐、愉快、喜庆、俏皮、高兴、活泼、欢喜、喜悦",
    ),
    (
        "bright",
        "funk_corporate chiptune",
        0,
        "bright, sunny, light hearted, lighthearted, light, fresh, airy, breezy, sparkling",
        "明亮、阳光、明快、清新、清爽、轻盈、通透",
    ),
    (
        "upbeat",
        "funk_corporate house_edm",
        1,
        "upbeat, lively, bouncy, perky, peppy, groovy",
        "轻快、律动、跳跃、动感、灵动、节奏感强",
    ),
    (
        "energetic",
        "house_edm rock funk_corporate",
        1,
        "energetic, powerful, high energy, driving, dynamic, exciting, adrenaline, pumping, hyped, intense energy, vigorous",
        "活力、激情、热血、充满活力、有力、劲爆、激昂、能量、有活力、燃、强劲、激烈",
    ),
    (
        "calm",
        "meditation lofi solo_piano",
        -1,
        "calm, peaceful, relaxing, relaxed, tranquil, serene, quiet, soothing, gentle, soft, calming, mellow, still, restful, sleepy, hushed",
        "平静、安静、放松、宁静、舒缓、轻柔、柔和、静谧、舒适、安详、恬静、平和、悠闲、轻松",
    ),
    (
        "chill",
        "lofi",
        0,
        "chill, laid back, chilled, easygoing, lazy, cozy, cosy, chilling",
        "慵懒、惬意、随性、闲适、悠然、松弛",
    ),
    (
        "sad",
        "solo_piano orchestral_tender",
        -1,
        "sad, melancholic, melancholy, sorrowful, tearful, heartbreaking, lonely, grief, mournful, bittersweet, gloomy, heartbroken",
        "悲伤、忧伤、伤感、忧郁、哀伤、孤独、难过、悲凉、惆怅、凄凉、心碎、失落",
    ),
    (
        "emotional",
        "orchestral_tender solo_piano",
        0,
        "emotional, touching, moving, heartfelt, sentimental, lyrical, poignant, expressive",
        "感人、抒情、动人、深情、煽情、催泪、感动、走心、悠扬",
    ),
    (
        "warm",
        "orchestral_tender acoustic_folk",
        0,
        "warm, tender, loving, heartwarming, intimate, kind, comforting, friendly",
        "温暖、温馨、温情、温柔、暖心、亲切、治愈、柔情",
    ),
    (
        "hopeful",
        "orchestral_tender acoustic_folk funk_corporate",
        0,
        "hopeful, inspiring, uplifting, optimistic, motivational, inspirational, encouraging, positive, motivating",
        "希望、励志、积极、向上、鼓舞、充满希望、正能量、振奋、乐观",
    ),
    (
        "romantic",
        "orchestral_tender bossa waltz_ballroom",
        0,
        "romantic, dreamy love, love, passionate, sensual",
        "浪漫、甜蜜、情侣、恋爱、爱意",
    ),
    (
        "elegant",
        "jazz_trio waltz_ballroom",
        0,
        "elegant, sophisticated, classy, luxurious, graceful, refined, luxury, stylish, premium, chic",
        "优雅、高级、高雅、精致、奢华、典雅、高端、高级感、有格调",
    ),
    (
        "epic",
        "orchestral_epic:5",
        0,
        "epic, grand, majestic, monumental, massive, larger than life",
        "宏大、大气、磅礴、恢弘、震撼、壮丽、气势恢宏、壮阔、气势磅礴、雄伟",
    ),
    (
        "heroic",
        "orchestral_epic:3",
        0,
        "heroic, triumphant, victorious, noble, brave, glorious, courageous",
        "英勇、豪迈、荣耀、凯旋、英雄气概、悲壮",
    ),
    (
        "tense",
        "cinematic_tension:3",
        0,
        "tense, suspenseful, suspense, nervous, anxious, urgent, tension, edgy, uneasy, nail biting",
        "紧张、悬疑、焦虑、急促、紧迫、压迫感、危急、扣人心弦、不安、压迫",
    ),
    (
        "mysterious",
        "cinematic_tension dark_ambient",
        0,
        "mysterious, mystery, enigmatic, mystical, secretive, mystic",
        "神秘、神秘感、谜、玄妙、神秘莫测",
    ),
    (
        "dark",
        "dark_ambient cinematic_tension metal",
        0,
        "dark, ominous, sinister, brooding, bleak, menacing, dark and heavy",
        "黑暗、阴暗、阴沉、压抑、暗黑、阴森、沉重",
    ),
    (
        "scary",
        "horror:4",
        0,
        "scary, creepy, eerie, spooky, terrifying, frightening, unsettling, spine chilling, haunting",
        "吓人、可怕、毛骨悚然、阴森恐怖、瘆人、惊恐",
    ),
    (
        "aggressive",
        "metal:3 rock",
        1,
        "aggressive, brutal, angry, furious, fierce, violent, raging, ferocious, heavy, gritty",
        "狂暴、愤怒、凶猛、暴力、猛烈、狂野、凶狠",
    ),
    (
        "dreamy",
        "meditation lofi synthwave",
        0,
        "dreamy, ethereal, floating, hazy, otherworldly, surreal, dreamlike",
        "梦幻、空灵、飘渺、迷幻、缥缈、如梦",
    ),
    (
        "nostalgic",
        "lofi synthwave solo_piano",
        0,
        "nostalgic, nostalgia, wistful, reminiscent",
        "怀旧、怀念、思念、乡愁、旧时光",
    ),
    (
        "cool",
        "trap_hiphop synthwave",
        0,
        "cool, swagger, slick, edgy cool, badass",
        "酷、酷炫、炫酷、帅气、拽",
    ),
    (
        "confident",
        "funk_corporate rock",
        0,
        "confident, bold, assertive, proud",
        "自信、坚定、果敢",
    ),
    (
        "cute",
        "chiptune:3",
        0,
        "cute, kawaii, adorable, childlike, childish, silly, whimsical, quirky",
        "可爱、萌、童趣、萌系、呆萌、童真、搞怪",
    ),
    (
        "funny",
        "chiptune funk_corporate",
        0,
        "funny, comedic, humorous, comical, goofy, comedy",
        "搞笑、滑稽、幽默、诙谐、喜剧",
    ),
    (
        "solemn",
        "orchestral_tender orchestral_epic",
        -1,
        "solemn, serious, dignified, ceremonial, sacred, respectful, reverent",
        "庄严、庄重、肃穆、严肃、神圣、庄严肃穆",
    ),
    (
        "modern",
        "funk_corporate house_edm",
        0,
        "modern, tech, innovative, contemporary, sleek, trendy, technological",
        "现代、科技感、创新、时髦、现代感、前卫",
    ),
    (
        "festive",
        "house_edm:1 funk_corporate:1 chinese_traditional:0.5",
        0,
        "festive, celebratory, celebration",
        "节日、庆祝、热闹、节庆、欢庆",
    ),
    (
        "minimal",
        "lofi meditation",
        0,
        "minimal, minimalist, sparse, simple",
        "极简、简约、简单、简洁",
    ),
)

# Instruments: name (role group or family of `engine.words.instruments`), English, Chinese.
INSTRUMENTS: tuple[tuple[str, str, str], ...] = (
    (
        "drums",
        "drum, drums, drum kit, drum machine, drum beat, kick drum, drumkit, drumming",
        "鼓、鼓组、架子鼓、爵士鼓、鼓点、鼓声、鼓机、军鼓、底鼓、打鼓、电子鼓",
    ),
    (
        "percussion",
        "percussion, taiko, conga, bongo, djembe, tambourine, shaker, hand percussion, perc",
        "打击乐、太鼓、手鼓、锣鼓、锣、沙锤、铃鼓、大鼓、打击乐器、康加鼓",
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
    ("brass", "brass, horns, brass section, brass stabs", "铜管、铜管乐、铜管组、铜管乐器"),
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
        "synth, synths, synthesizer, synthesiser, arpeggio, arp, arps, analog synth, analogue synth, synthesizers, modular synth",
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
    "guzheng": "chinese_traditional:4",
    "pipa": "chinese_traditional:4",
    "erhu": "chinese_traditional:4",
    "dizi": "chinese_traditional:3",
    "yangqin": "chinese_traditional:4",
    "bagpipe": "fantasy_tavern:3",
    "accordion": "fantasy_tavern:1",
}


def hints_of(instrument: str) -> tuple[tuple[str, float], ...]:
    """What an instrument says about the style."""
    return _votes(INSTRUMENT_HINTS.get(instrument, ""), 1.0)


KINDS: tuple[tuple[str, str, str], ...] = (
    (
        "loop",
        "loop, looping, looped, seamless loop, loopable, loops, seamlessly looping, endless loop, can loop, seamless looping, must loop, seamless",
        "循环、无缝循环、能循环、可循环、循环播放、无限循环、循环音乐、循环曲、首尾相接、无缝衔接、无缝",
    ),
    (
        "chime",
        "chime, notification, notification sound, alert tone, ui sound, earcon, notification tone, alert sound, door chime, message tone, startup sound, boot sound, ping sound, confirmation sound, warning tone, warning sound, warning chime, reminder sound, welcome sound, seat belt reminder, seat belt chime, door welcome chime, welcome chime, charging chime, startup chime, error sound, success sound, login sound",
        "提示音、通知音、提醒音、消息音、开机音、警示音、开关机音、迎宾音、欢迎音、确认音、铃声、提示音效、解锁音、登录音、安全带提醒",
    ),
    (
        "bed",
        "bed, background music, music bed, underscore, bgm, background track, backing track, background score, background",
        "背景音乐、背景乐、垫乐、配乐、底乐、铺底音乐、背景",
    ),
    (
        "sting",
        "sting, stinger, logo sting, sonic logo, audio logo",
        "音效短乐、声音标识、音频标志、片头短乐",
    ),
    (
        "ambience",
        "room tone, ambience sound effect, ambient sound effects, environmental sound",
        "环境音效、环境声、白噪音",
    ),
)

# Pace: -2 very slow … 2 very fast, English, Chinese.
PACES: tuple[tuple[int, str, str], ...] = (
    (
        -2,
        "very slow, extremely slow, super slow, very slowly, largo, really slow",
        "很慢、非常慢、极慢、特别慢、很缓慢、非常缓慢",
    ),
    (
        -1,
        "slow, slower, slowly, slow tempo, slow paced, adagio, low tempo, unhurried, downtempo, slow moving, andante, a bit slow, leisurely",
        "慢、缓慢、慢速、慢节奏、慢板、慢一点、节奏缓慢、节奏慢、慢拍、慢慢",
    ),
    (
        0,
        "mid tempo, medium tempo, moderate tempo, moderate, midtempo, medium paced, moderato, medium speed",
        "中速、中等速度、中板、不快不慢、节奏适中、速度适中",
    ),
    (
        1,
        "fast, faster, quick, up tempo, uptempo, fast paced, allegro, brisk, rapid, fast tempo, high tempo, speedy, quickly",
        "快、快速、快节奏、快板、节奏快、快一点、快拍、急速、节奏明快、快歌",
    ),
    (
        2,
        "very fast, extremely fast, super fast, presto, really fast, frantic, breakneck",
        "很快、非常快、极快、特别快、飞快、超快",
    ),
)

# Energy over the whole length, as a brief writes it.
ENERGIES: tuple[tuple[str, str, str], ...] = (
    (
        "0:0.3 1:0.9",
        "build up, builds up, building up, gradually building, rising energy, crescendo, grows in intensity, slowly building, growing, gradually builds, builds gradually, building, escalating, swelling, soft to loud",
        "渐强、逐渐增强、层层递进、逐渐推进、越来越强、情绪递进、先弱后强、由弱到强、逐步推进、渐进",
    ),
    (
        "0:0.8 1:0.3",
        "fading, calming down, winds down, winding down, decreasing energy, diminuendo, dying down",
        "渐弱、逐渐减弱、逐渐平静、由强到弱、慢慢平静",
    ),
)

MODES: tuple[tuple[str, str, str], ...] = (
    ("minor", "minor key, minor keys, in minor, minor tonality, minor mode", "小调"),
    ("major", "major key, major keys, in major, major tonality, major mode", "大调"),
    ("gong", "major pentatonic, pentatonic", "五声音阶、五声调式、五声"),
    ("yu", "minor pentatonic", "羽调式、羽调"),
    ("dorian", "dorian, dorian mode", "多利亚"),
    ("phrygian", "phrygian, phrygian mode", "弗里吉亚"),
    ("lydian", "lydian, lydian mode", "利底亚"),
    ("mixolydian", "mixolydian, mixolydian mode", "混合利底亚"),
)

METERS: tuple[tuple[str, str, str], ...] = (
    (
        "3/4",
        "waltz time, three four, three four time, triple meter, triple time, waltz meter, waltz rhythm",
        "三拍子、四三拍、三四拍、圆舞曲节拍、华尔兹节奏、四分之三拍",
    ),
    (
        "4/4",
        "four four, four four time, common time",
        "四拍子、四四拍、四分之四拍",
    ),
    ("6/8", "six eight, six eight time", "六八拍、八六拍、八分之六拍"),
    ("12/8", "twelve eight, twelve eight time", "十二八拍、八分之十二拍"),
)

STEMS: tuple[tuple[str, str, str], ...] = (
    ("all", "with stems, stems, separate stems, stem files, all stems", "分轨、带分轨、分轨文件"),
)

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

NEGATORS: tuple[str, str] = (
    "no, not, without, don't, dont, do not, avoid, avoiding, never, minus, excluding, exclude, except, except for, nor, skip, lacking, omit, instead of, rather than, leave out, don't want, do not want, don't use, do not use, isn't, shouldn't be, should not be, should not, shouldn't, must not, free of, leaving out, no need for, anything but, don't include, do not include, w/o",
    "不要、没有、别、无、不用、不带、去掉、不加、不需要、不含、勿、除了、除去、不能有、不能、不想要、不使用、别用、不要用、别加、不许、禁止、避免、不、不是、不包含、不出现、拒绝、去除、不希望、不要有、非、不可以有、不得有、请勿使用、不要加、不要出现、不想",
)

JOINERS: tuple[str, str] = ("and, or, nor, &, plus", "和、与、或、及、跟、以及、或者、还有")

# Genres whose names contain words of ours and that we cannot write.
UNKNOWN: tuple[str, str] = (
    "drum and bass, drum n bass, drum & bass, dnb, bass music, rock and roll hall, my house, our house, the house, white house, in house, open house, our country, the country, my country, countries, heavy rain, barbershop, lead time, leading, light bulb, cool down, french house style, fast food, hot keys, car keys, key visual, the lead actor, tech support, metal detector, precious metal, trap door, sheet metal, in fast forward",
    "金属质感、金属感、电子商务、电子产品、电子书、快餐、快递、重金属污染、低音炮",
)

# Words that carry nothing a brief can mean.
FILLERS: tuple[str, str] = (
    """a, an, the, some, any, of, for, to, in, on, at, with, by, from, as, is, are, be, been, am, it, its, it's, this,
    that, these, those, i, i'd, i'm, me, my, we, we'd, we're, our, us, you, your, they, their, he, she, his, her, want, wants, need, needs, would, could, can,
    should, must, will, shall, may, please, like, make, makes, create, compose, generate, write, give, get, produce, do, does,
    music, track, song, piece, tune piece, composition, cue, sound, sounds, score, audio, style, styled, styles, feel, feeling,
    feels, vibe, vibes, mood, moody, tone, genre, type, kind, sort, something, anything, that's, there, which, where, when, who, what, while,
    so, but, also, just, only for, very, really, too, quite, rather, a bit, bit, little, a little, slightly, somewhat, more, most,
    much, many, lot, lots, such, about, around, approximately, roughly, exactly, nice, good, great, beautiful, perfect, best,
    w, hi, hello, hey, thanks, thank, looking, look, seeking, suitable, appropriate, fit, fits, fitting, used, use, using, game, video, film,
    scene, scenes, movie, clip, project, app, brand, length, long, duration, tempo, speed, key, time, meter, signature, bpm, bars, bar, lasting, lasts,
    minute, minutes, second, seconds, overall, full, whole, featuring, feature, features, include, including, includes, has, have, having, contain, contains, into, over, under, up, out, through,
    one, it'll, set, play, playing, plays, played, add, put, then, than, if, all, each, every, both, per, within, based, atmosphere, atmospheres, effect, touch, elements, element, instruments, instrument, instrumentation, arrangement, arranged, section, version, let, lets, keep, keeping, sounding, inspired, clean, ish, driven, led, no longer than, not longer than, not more than, no more than, at most, at least, up to, between, beat, beats, rhythm, rhythms, rhythmic, groove, grooves, line, lines, part, parts, layer, layers, company, day, place, show, shows, ideal, goes, go, well, i need, we need, we want, new, high quality, quality, mix, style of, in the style of, of the, kind of, sort of""",
    """的、了、着、地、得、我、我们、你、您、他、她、它、要、想要、需要、请、来、做、写、给、给我、帮、帮我、一个、一段、一首、一条、一支、首、段、个、种、一种、一些、些、
    音乐、曲子、乐曲、歌曲、歌、曲、作品、风格、风、感觉、感、味道、类型、类、型、用于、用在、用、适合、作为、为、是、有、带、带有、带点、加入、加上、加、含、包含、以、为主、
    主要、能、可以、可、会、应该、最好、希望、并且、并、而且、同时、但、但是、不过、也、还、都、就、很、非常、特别、比较、有点、一点、一点点、稍微、稍、略、略带、较、更、太、
    十分、超、挺、最、大概、大约、左右、约、差不多、时长、长度、长、速度、节奏、节拍、拍子、调、调性、拍、节、一下、一、这、那、这个、那个、这种、那种、里、里面、中、
    上、下、在、到、从、对、与之、于、把、被、让、使、使用、请用、制作、创作、生成、设计、写一首、做一段、来一段、来一首、来个、整体、全曲、全程、场景、游戏、视频、
    影片、电影、短片、片子、画面、界面、项目、品牌、应用、氛围的、情绪、气氛、气质、色彩、元素、乐器、伴奏、编曲、声音、声、音、音色、层、部分、好听、好、优美、美、漂亮、不错、
    一样、样子、那样、这样、吗、呢、吧、啊、哦、呀、嘛、谢谢、你好、您好、时、时候、期间、的时候、之类、等、等等、每、各、请帮我、我想、我想要、我要、我需要、我们要、我们需要、想、出、放、播放、背景下、后、前、再、又、只、只需、小、点、些许、满、充满、具有、富有、偏、类似、像、如、例如、比如、所、所以、因为、由、任何、多、多一些、多点、少许、版、版本、听起来、听、起来、感受、做成、写成、配、配合、搭配、配上、突出、要求、必须、一定、一定要、不超过、不少于、至少、最多、以内、之内、不长于、人、家、公司、店、店里、我们公司、片段、广告用""",
)


def rows() -> Iterator[tuple[str, Entry]]:
    """Every word or phrase with what it stands for; later rows win over earlier ones."""
    for words in _split(*FILLERS):
        yield words, Entry(field="filler", value="")
    for speak, english, chinese in GENRES:
        votes = _votes(speak, GENRE)
        yield from _all(Entry(field="genre", value=votes[0][0], votes=votes), english, chinese)
    for style, english, chinese in SCENES:
        yield from _all(
            Entry(field="scene", value=style, votes=((style, SCENE),)), english, chinese
        )
    for mood, speak, pace, english, chinese in MOODS:
        entry = Entry(field="moods", value=mood, votes=_votes(speak, MOOD), pace=pace)
        yield from _all(entry, english, chinese)
    for style, english, chinese in STYLE_NAMES:
        entry = Entry(field="style", value=style, votes=((style, NAMED),))
        yield from _all(entry, f"{english}, {style}", chinese)
    for field, table in (
        ("instrument", INSTRUMENTS),
        ("kind", KINDS),
        ("energy", ENERGIES),
        ("mode", MODES),
        ("meter", METERS),
        ("stems", STEMS),
        ("without", WITHOUT),
    ):
        for value, english, chinese in table:
            yield from _all(Entry(field=field, value=value), english, chinese)
    for pace, english, chinese in PACES:
        yield from _all(Entry(field="pace", value=str(pace), pace=pace), english, chinese)
    yield from _all(Entry(field="instrumental", value="vocals"), *INSTRUMENTAL)
    yield from _all(Entry(field="not", value=""), *NEGATORS)
    yield from _all(Entry(field="unknown", value=""), *UNKNOWN)
    for words in _split(*JOINERS):
        yield words, Entry(field="join", value=words)


def _votes(speak: str, loudness: float) -> tuple[tuple[str, float], ...]:
    """``"lofi synthwave:3"`` -> the styles and how loudly each is spoken for."""
    votes: list[tuple[str, float]] = []
    for word in speak.split():
        style, _, share = word.partition(":")
        votes.append((style, loudness * float(share or 1)))
    return tuple(votes)


def _all(entry: Entry, english: str, chinese: str) -> Iterator[tuple[str, Entry]]:
    for words in _split(english, chinese):
        yield words, entry


def _split(english: str, chinese: str) -> Iterator[str]:
    for words in english.split(","):
        if words.strip():
            yield " ".join(words.lower().replace("-", " ").split())
    # The joiner 、 separates the rows, so it cannot be written in them.
    yield from (words.strip() for words in chinese.split("、") if words.strip())
