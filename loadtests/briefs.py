"""Briefs that differ in their words, as those of many clients do."""

import itertools
import random

import msgspec

_ENGLISH = (
    "{mood} {style} with {player} for {scene}",
    "{scene}: {mood}, {tempo} bpm, {player} and {other}",
    "a {mood} {style} loop, {player} up front, no {other}",
    "{player} and {other}, {mood} but not too loud, {scene}",
)
_MOODS = (
    "calm", "dark", "hopeful", "tense", "playful", "warm", "melancholic", "epic", "dreamy",
    "urgent", "bright", "mysterious", "gentle", "heroic", "nostalgic",
)  # fmt: skip
_STYLES = ("lo-fi beat", "synthwave", "house track", "orchestral cue", "ambient bed", "trap beat")
_PLAYERS = ("piano", "strings", "acoustic guitar", "pads", "bass", "flute", "choir", "drums")
_SCENES = (
    "a film about the sea", "a racing game's menu", "a documentary on bees", "an app's onboarding",
    "the opening of a podcast", "a car commercial at night", "a boss fight", "a cooking show",
)  # fmt: skip
_CHINESE = (
    "{mood}的{style},用{player},{scene}", "{scene},{mood},每分钟{tempo}拍,{player}和{other}",
    "{mood}一点的{style},不要{other},{player}为主",
)  # fmt: skip
_MOODS_ZH = ("安静", "紧张", "温暖", "神秘", "欢快", "悲伤", "史诗", "轻松", "梦幻", "激昂")
_STYLES_ZH = ("电子乐", "氛围音乐", "管弦乐", "嘻哈节拍", "国风音乐")
_PLAYERS_ZH = ("钢琴", "弦乐", "吉他", "古筝", "笛子", "贝斯", "鼓")
_SCENES_ZH = ("海边纪录片", "赛车游戏选车界面", "短视频片头", "咖啡馆背景", "汽车广告", "冥想应用")


def different(count: int) -> list[str]:
    """So many bodies of beds of half a minute, two candidates each; the same ones every time."""
    dice = random.Random(1)
    drawn = dict.fromkeys(_prompt(dice) for _ in itertools.repeat(None, 4 * count))
    prompts = list(itertools.islice(drawn, count))
    assert len(prompts) == count, f"there are only {len(prompts)} different prompts"
    return [
        msgspec.json.encode({"prompt": one, "duration_ms": 30_000, "candidates": 2}).decode()
        for one in prompts
    ]


def _prompt(dice: random.Random) -> str:
    chinese = dice.random() < 1 / 3
    shapes, moods, styles, players, scenes = (
        (_CHINESE, _MOODS_ZH, _STYLES_ZH, _PLAYERS_ZH, _SCENES_ZH) if chinese
        else (_ENGLISH, _MOODS, _STYLES, _PLAYERS, _SCENES)
    )  # fmt: skip
    player, other = dice.sample(players, 2)
    return dice.choice(shapes).format(
        mood=dice.choice(moods), style=dice.choice(styles), player=player, other=other,
        scene=dice.choice(scenes), tempo=dice.randrange(70, 150),
    )  # fmt: skip
