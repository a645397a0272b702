"""The words of the certificate's page, in the languages it can be read in."""

from msgspec import Struct


class Reading(Struct, frozen=True, kw_only=True):
    """Every text of the page in one language."""

    title: str
    grants: str
    grants_nothing: str
    what: str
    license: str
    track: str
    account: str
    issued: str
    candidate: str
    tokens: str
    rights: str
    territory: str
    world: str
    resale: str
    exclusive: str
    alone: str
    beside: str
    marking: str
    markings: dict[str, str]
    yes: str
    no: str
    files: str
    name: str
    bytes: str
    origin: str
    made_by: str
    machine: str
    compared: dict[str, str]
    run: str
    limit: str
    training: str
    trained: str
    manifest: str
    human: str
    human_why: str
    did: dict[str, str]
    check: str
    check_how: str
    document: str
    key: str


ENGLISH = Reading(
    title="License certificate",
    grants="The holder may use the track as its rights below say.",
    grants_nothing="Made by a test account: this license grants nothing and the track may not be "
    "used.",
    what="What is licensed",
    license="License",
    track="Track",
    account="Holder (account)",
    issued="Issued",
    candidate="Candidate (brief)",
    tokens="Tokens paid",
    rights="Rights",
    territory="Territory",
    world="worldwide",
    resale="May be resold in a catalogue",
    exclusive="Exclusive",
    alone="Yes: licensed to nobody else, and nobody else is offered or licensed music that shares "
    "a run of twelve notes of its melodies",
    beside="No: the track is licensed to this account alone; others may be licensed similar music",
    marking="Marks in the files",
    markings={
        "eu": "content credentials (C2PA), inside the file or beside it, where the service signs",
        "cn": "China's AIGC label and content credentials (C2PA) where the service signs",
        "closed_loop": "texts only: the client marks the product that is heard",
    },
    yes="Yes",
    no="No",
    files="Files",
    name="Name",
    bytes="Bytes",
    origin="Origin",
    made_by="Made by",
    machine="a machine: models that write notes, and instruments that play them",
    compared={
        "training": "Compared with what the composer learned from",
        "delivered": "Compared with what other accounts had licensed",
        "brief": "Compared with the candidates before it",
    },
    run="longest shared run: {notes} notes.",
    limit="A take with {notes} is not offered.",
    training="Training data",
    trained="Only scores in the public domain or under CC0, CC BY, BSD or MIT; no client's briefs "
    "or uploads.",
    manifest="Manifest of the model (SHA-256)",
    human="What people decided",
    human_why="In the order in which it happened. The client's words are here as digests, unless "
    "the client asked for them in plain text.",
    did={"brief": "wrote the brief", "plan": "gave the plan", "pick": "picked a candidate"},
    check="How to check",
    check_how="This page is for reading; what counts is the signed document. It is checked without "
    "us, with the keys that we publish:",
    document="Signed document",
    key="Signed with the key",
)

CHINESE = Reading(
    title="授权证书",
    grants="持有人可按下列权利使用该曲目。",
    grants_nothing="由测试账户制作：本授权不授予任何权利，该曲目不得使用。",
    what="授权内容",
    license="授权编号",
    track="曲目",
    account="持有人（账户）",
    issued="签发时间",
    candidate="候选（需求）",
    tokens="已付代币",
    rights="权利",
    territory="地域",
    world="全球",
    resale="可在曲库中转售",
    exclusive="独家",
    alone="是：不再授权给任何其他人，也不会向其他人提供或授权与其旋律有连续十二个音相同的音乐",
    beside="否：该曲目仅授权给本账户；其他人可能获得相似音乐的授权",
    marking="文件中的标识",
    markings={
        "eu": "内容凭证（C2PA），写入文件或随附于旁（服务启用签名时）",
        "cn": "中国 AIGC 隐式标识，以及内容凭证（C2PA，服务启用签名时）",
        "closed_loop": "仅文本标签：由客户在最终产品上标识",
    },
    yes="是",
    no="否",
    files="文件",
    name="名称",
    bytes="字节",
    origin="来源",
    made_by="制作",
    machine="由机器生成：模型写出音符，乐器演奏成声",
    compared={
        "training": "与作曲模型所学作品比较",
        "delivered": "与其他账户已获授权的作品比较",
        "brief": "与之前的候选比较",
    },
    run="最长相同音列：{notes} 个音。",
    limit="达到 {notes} 个音的不予提供。",
    training="训练数据",
    trained="仅使用公有领域或 CC0、CC BY、BSD、MIT 许可的乐谱；不使用任何客户的需求或上传内容。",
    manifest="模型清单（SHA-256）",
    human="人的决定",
    human_why="按发生顺序列出。除非客户要求以明文记载，客户的文字仅以摘要形式出现。",
    did={"brief": "撰写需求", "plan": "给定方案", "pick": "选定候选"},
    check="如何核验",
    check_how="本页仅供阅读，以签名文档为准。使用我们公布的公钥即可离线核验：",
    document="签名文档",
    key="签名所用密钥",
)

READINGS: dict[str, Reading] = {"en": ENGLISH, "zh": CHINESE}
