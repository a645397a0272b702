# ruff: noqa: E501  (a row of a table is one line)
"""What is asked of a piece in words: its kind, pace, energy, mode, meter and files."""

KINDS: tuple[tuple[str, str, str], ...] = (
    (
        "loop",
        "loop, looping, looped, seamless loop, loopable, loops, seamlessly looping, endless loop, can loop, seamless looping, must loop, seamless",
        "循环、无缝循环、能循环、可循环、循环播放、无限循环、循环音乐、循环曲、首尾相接、无缝衔接、无缝",
    ),
    (
        "chime",
        "chime, notification, notification sound, alert tone, ui sound, earcon, notification tone, alert sound, door chime, message tone, startup sound, boot sound, ping sound, confirmation sound, warning tone, warning sound, warning chime, reminder sound, welcome sound, seat belt reminder, seat belt chime, door welcome chime, welcome chime, charging chime, startup chime, error sound, success sound, login sound, lock sound, unlock sound, button sound, click sound, beep, charging sound, charging complete sound, charge complete sound, power on sound, power off sound, shutdown sound, turn signal sound, parking sensor sound, door open sound, door close sound, reverse warning, low battery sound, ringtone, chimes, ui sounds, seatbelt reminder, seatbelt chime, seatbelt warning",
        "提示音、提示声、提醒声、警示声、警报声、报警音、通知音、提醒音、消息音、开机音、警示音、开关机音、迎宾音、欢迎音、确认音、铃声、提示音效、解锁音、登录音、安全带提醒、启动音、关机音、充电音、充电提示、锁车音、转向音、按键音、点击音、警报音、警告音、蜂鸣音、蜂鸣声、落锁音、倒车音、唤醒音、到账音、充电完成音、来电铃声",
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
        "build up, builds up, builds up slowly, builds slowly, slowly builds, slowly builds up, build slowly, build up slowly, slow build, slow build up, building up, gradually building, rising energy, crescendo, grows in intensity, slowly building, growing, gradually builds, builds gradually, building, escalating, swelling, soft to loud, quiet to loud, starts quiet and ends loud, starts soft and ends loud, small to big, ramps up, ramping up, intensifies, intensifying, steadily rising",
        "渐强、逐渐增强、层层递进、逐渐推进、越来越强、情绪递进、先弱后强、从弱到强、由小到大、从小到大、由静到动、从静到动、前弱后强、前静后动、先慢后快、由慢到快、先松后紧、步步推进、节奏越来越快、越来越快、越来越激烈、逐步升级、逐渐升温、情绪拉升、由弱到强、逐步推进、渐进",
    ),
    (
        "0:0.8 1:0.3",
        "fading, calming down, winds down, winding down, decreasing energy, diminuendo, dying down",
        "渐弱、逐渐减弱、逐渐平静、由强到弱、从强到弱、先强后弱、慢慢平静",
    ),
)

MODES: tuple[tuple[str, str, str], ...] = (
    (
        "minor",
        "minor key, minor keys, in minor, minor tonality, minor mode, minor scale, harmonic minor, natural minor, melodic minor",
        "小调、小调式、和声小调、自然小调、旋律小调",
    ),
    (
        "major",
        "major key, major keys, in major, major tonality, major mode, major scale, ionian, ionian mode",
        "大调、大调式、伊奥尼亚、爱奥尼亚",
    ),
    ("aeolian", "aeolian, aeolian mode", "爱奥利亚、爱奥利亚调式"),
    ("dorian", "dorian, dorian mode", "多利亚、多利亚调式、多利安"),
    ("phrygian", "phrygian, phrygian mode", "弗里吉亚、弗里吉亚调式、弗里几亚"),
    ("lydian", "lydian, lydian mode", "利底亚、利底亚调式"),
    ("mixolydian", "mixolydian, mixolydian mode", "混合利底亚、混合利底亚调式"),
    (
        "gong",
        "major pentatonic, pentatonic, pentatonic scale, pentatonic mode, gong mode, gong scale",
        "五声音阶、五声调式、五声、宫调式、宫调、五声宫调、五声宫调式",
    ),
    ("shang", "shang mode, shang scale", "商调式、商调、五声商调、五声商调式"),
    ("jue", "jue mode, jue scale", "角调式、角调、五声角调、五声角调式"),
    ("zhi", "zhi mode, zhi scale", "徵调式、徵调、五声徵调、五声徵调式"),
    (
        "yu",
        "minor pentatonic, yu mode, yu scale",
        "羽调式、羽调、五声羽调、五声羽调式、小调五声、小调五声音阶",
    ),
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

# How a piece ends, as `engine.contracts.Ending` names it, in English and Chinese.
ENDINGS: tuple[tuple[str, str, str], ...] = (
    (
        "button",
        "hard stop, hard stops, button ending, ends with a button, end with a button, ends on a button, end on a button, finish on a button, with a button at the end, final button, button end, buttoned ending, stops dead, stop dead, dead stop, cold ending, cold end, cold stop, hard ending, hard end, hard out, abrupt ending, abrupt end, abrupt stop, ends abruptly, end abruptly, stops abruptly, sudden stop, sudden ending, sudden end, ends suddenly, stops suddenly, clean stop, tight ending, clean ending, tight stop, full stop ending, ends on a hit, end on a hit, final hit, sharp ending, stinger ending, stinger at the end, decisive ending, punchy ending, cuts off cleanly, short button, short button ending, end on a short button, ends on a short button, end with a short button, ends with a short button, button at the end, hard stop at the end, sudden stop at the end, clean stop at the end, clear stop at the end",
        "戛然而止、干净利落地结束、干净利落的结尾、干净结尾、利落收尾、利落结尾、干脆收尾、干脆结尾、干脆结束、干净收尾、突然停止、突然结束、突然停、骤停、急停、果断结束、果断收尾、硬收、硬停、一击收尾、重音收尾、重音结束、重音结尾、一锤定音、收得干脆、收得干净、结尾戛然而止、最后戛然而止、结尾突然停止、结尾干净利落",
    ),
    (
        "ring",
        "ring out, rings out, ringing out, ring out ending, let ring, let it ring, long tail, natural decay, decays naturally, natural ending, sustained ending, sustained last chord, sustained final chord, held final chord, held last chord, last chord rings, final chord rings, ringing final chord, ringing last chord, lingering ending, reverb tail",
        "自然延音、延音结尾、延音收尾、余音、余韵、余音袅袅、余韵悠长、自然衰减、尾音延长、自然收尾、自然结束、自然结尾、长尾音、尾音绵长、延长音结尾、渐渐消散、留余韵、和弦延留",
    ),
    (
        "fade",
        "fade out, fades out, fading out, fade out ending, faded ending, fade ending, fade away, fades away, fading away, fade to silence, fades to silence, fade to nothing, fade at the end, fades at the end, fadeout, slow fade, slow fade out, slow fade at the end, slow fade out at the end, long fade, long fade out, fade, fades, fade to black",
        "淡出、渐隐、逐渐淡出、慢慢淡出、渐弱结束、渐弱收尾、渐弱结尾、淡出结尾、缓缓淡出、渐出",
    ),
    (
        "open",
        "open ending, open end, open ended, unresolved, unresolved ending, unresolved end, cliffhanger, cliffhanger ending, to be continued, left hanging, leaves us hanging, hanging ending, ends on a question, question mark ending, ends unresolved, end unresolved, suspended ending, ends on a suspended chord",
        "开放式结尾、开放结尾、开放式结局、悬念结尾、留悬念、留下悬念、留有悬念、结尾悬念、悬而未决、未完待续、不解决、不要解决、不给解决、没有结束感、悬着、意犹未尽、留白结尾",
    ),
    (
        "turnaround",
        "turnaround, turnarounds, turn around back to the start",
        "回到开头、接回开头、回头句",
    ),
)
