# ruff: noqa: E501  (a row of a table is one line)
"""Scenes: where the music will be used, and the style that fits there."""

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
        "thriller, investigation, villain, villain theme, infiltration, hacker, conspiracy, kidnapping, countdown, heist, crime documentary, stealth level, stealth, cyber security, court, chase build, crime, detective, spy, chase scene, chase, interrogation, news investigation, espionage, true crime",
        "推理、反派、卧底、绑架、黑客、阴谋、悬案、倒数、追逐、潜行、犯罪、危机、侦探、谍战、审讯、破案、追逐戏、刑侦、网络安全、法庭、间谍",
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
        "茶、水墨、宫斗、武侠、仙侠、春节、中秋、非遗、禅意、禅、茶馆、茶道、书法、竹林、古镇、端午、新年、博物馆、山水、江南、元宵、故宫、文旅、过年、功夫、汉服、武打、武戏、寺庙、古装剧",
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
