"""Scripts: traditional Chinese is read like simplified, Japanese is not taken for Chinese."""

import re

# Every sign of the lexicon and of our patterns that traditional Chinese writes differently:
# its simplified form, then its traditional forms.
_FORMS = """
与與 业業 丝絲 严嚴 丧喪 个個箇 丰豐 为為爲 丽麗 举舉 么麼 义義 乌烏 乐樂 习習 乡鄉 书書 乱亂
争爭 于於 亚亞 产產 亲親 从從 仅僅 仪儀 们們 价價 众眾 优優 会會 伟偉 传傳 伤傷 体體 余餘
侠俠 侣侶 侦偵 俩倆 备備 儿兒 兰蘭 关關 兴興 养養 兽獸 内內 册冊 写寫 军軍 农農 决決 冲衝沖
况況 净淨 凄淒 准準 减減 凑湊 几幾 凯凱 击擊 创創 划劃 则則 刚剛 别別 剑劍 剧劇 办辦 务務
动動 励勵 劲勁 劳勞 势勢 区區 华華 协協 单單 卖賣 卫衛 却卻 厂廠 厅廳 历歷曆 压壓 厌厭 厦廈
县縣 参參 双雙 发發髮 变變 叠疊 号號 台臺 叹嘆 吓嚇 听聽 员員 响響 哗嘩 唤喚 啰囉 嘱囑 团團
园園 围圍 国國 图圖 圆圓 场場 坏壞 块塊 坚堅 坛壇 垫墊 墙牆 声聲 壮壯 处處 复復複 头頭 夸誇
夹夾 夺奪 奋奮 奖獎 妆妝 妇婦 妈媽 娱娛 婴嬰 孙孫 学學 宁寧 宝寶 实實 审審 宫宮 宽寬 宾賓
对對 寻尋 导導 将將 尘塵 尝嘗 层層 属屬 岁歲 岛島 岭嶺 币幣 师師 帅帥 带帶 帮幫 干乾幹 并並併
广廣 庄莊 庆慶 库庫 应應 庙廟 废廢 开開 异異 弃棄 张張 弥彌 弯彎 弹彈 强強 归歸 录錄 彻徹
径徑 忆憶 忧憂 怀懷 态態 怅悵 怜憐 总總 恋戀 恶惡 悬懸 悦悅 惊驚 惯慣 愤憤 懒懶 戏戲 战戰
户戶 执執 扩擴 扫掃 扬揚 护護 报報 拟擬 拥擁 择擇 挂掛 挡擋 挥揮 换換 损損 据據 掷擲 摆擺
摇搖 撑撐 撷擷 敌敵 数數 断斷 无無 旧舊 时時 旷曠 显顯 晓曉 暂暫 术術 机機 杀殺 杂雜 权權
条條 来來 杰傑 极極 构構 枪槍 标標 栏欄 树樹 样樣 桥橋 档檔 梦夢 检檢 楼樓 横橫 欢歡 欧歐
残殘 毁毀 毕畢 气氣 汇匯 汉漢 汤湯 没沒 沟溝 泪淚 泼潑 洁潔 浅淺 测測 济濟 浏瀏 浑渾 浓濃
涌湧 润潤 涩澀 渊淵 渐漸 温溫 游遊 湾灣 湿濕 滚滾 满滿 滤濾 滨濱 滩灘 潜潛 澜瀾 灭滅 灯燈
灵靈 灾災 炉爐 炼煉 点點 烁爍 烂爛 烧燒 热熱 焕煥 爱愛 爷爺 牵牽 犹猶 狮獅 独獨 狱獄 猎獵
猫貓 献獻 玛瑪 环環 现現 玺璽 琐瑣 电電 画畫 疗療 疯瘋 痒癢 皱皺 盏盞 盐鹽 监監 盖蓋 盘盤
着著 睁睜 矫矯 矿礦 码碼 砖磚 础礎 确確 碍礙 礼禮 祸禍 离離 种種 积積 称稱 稳穩 穷窮 窃竊
竖豎 竞競 笔筆 筝箏 筑築 简簡 箫簫 篮籃 类類 粤粵 紧緊 红紅 级級 纪紀 纯純 纱紗 纳納 纵縱
纷紛 纸紙 线線 练練 组組 细細 织織 终終 绍紹 经經 结結 绕繞 绘繪 给給 绚絢 络絡 绝絕 统統
继繼 绩績 绪緒 续續 绳繩 维維 绵綿 综綜 绿綠 缈緲 缓緩 编編 缘緣 缝縫 缠纏 缤繽 缥縹 缩縮
网網 罗羅 罚罰 羡羨 翘翹 耸聳 职職 联聯 聪聰 肃肅 肠腸 肤膚 胁脅 胜勝 胶膠 脑腦 脱脫 脚腳
脸臉 腾騰 舰艦 艺藝 节節 苍蒼 苏蘇 范範 荡蕩 荣榮 药藥 莱萊 莹瑩 营營 萧蕭 萨薩 蓝藍 虏虜
虑慮 虚虛 虽雖 蚁蟻 蛮蠻 衔銜 补補 衬襯 袅裊 装裝 裤褲 见見 观觀 规規 视視 览覽 觉覺 触觸
计計 认認 讨討 让讓 训訓 议議 讯訊 记記 讲講 许許 论論 设設 访訪 证證 评評 识識 诈詐 诉訴
词詞 译譯 试試 诗詩 诙詼 话話 诞誕 诡詭 询詢 该該 详詳 语語 误誤 说說 请請 诸諸 诺諾 读讀
课課 谁誰 调調 谅諒 谈談 谊誼 谋謀 谍諜 谐諧 谜謎 谢謝 谣謠 谧謐 谱譜 贝貝 贞貞 负負 财財
责責 败敗 货貨 质質 贩販 贪貪 购購 贯貫 贴貼 贵貴 费費 贺賀 资資 赋賦 赌賭 赏賞 赖賴 赛賽
赞贊讚 赠贈 赶趕 趋趨 跃躍 踪蹤 车車 轨軌 转轉 轮輪 软軟 轰轟 轻輕 载載 较較 辅輔 辉輝 辑輯
输輸 达達 迈邁 过過 运運 还還 这這 进進 远遠 违違 连連 迟遲 迹跡 适適 选選 递遞 遗遺 邮郵
邻鄰 郑鄭 酝醞 酱醬 释釋 里裡裏 钟鐘鍾 钢鋼 钥鑰 钱錢 钵缽 铁鐵 铃鈴 铅鉛 铛鐺 铜銅 银銀 铺鋪
链鏈 销銷 锁鎖 锅鍋 锋鋒 锐銳 错錯 锡錫 锣鑼 锤錘 锦錦 键鍵 锻鍛 镇鎮 镜鏡 镲鑔 长長 门門
闪閃 闭閉 问問 闯闖 闲閒閑 间間 闷悶 闹鬧 闻聞 阁閣 阅閱 阔闊 队隊 阳陽 阴陰 阵陣 阶階 际際
陆陸 险險 随隨 隐隱 难難 雾霧 静靜 韵韻 页頁 顶頂 项項 顺順 须須 顽頑 顾顧 颁頒 颂頌 预預
领領 频頻 颗顆 题題 颜顏 颠顛 颤顫 风風 飘飄 飙飆 飞飛 饥飢 饮飲 饰飾 饱飽 馆館 馒饅 马馬
驱驅 驶駛 驻駐 驾駕 骄驕 骑騎 骤驟 髅髏 鬓鬢 鲁魯 鲜鮮 鸟鳥 鸡雞 鸣鳴 鸦鴉 鹤鶴 麦麥 黄黃
齐齊 龄齡 龙龍
"""
_SIMPLIFIED = str.maketrans(
    {form: group[0] for group in _FORMS.split() for form in group[1:] if form != group[0]}
)

# Hiragana but の, which Chinese writers use for 的 as an ornament.
_JAPANESE = re.compile(r"[ぁ-ねは-ゖ]")
_CLAUSE = re.compile(r"[^,，。.;；!?！？、\n]+")
_SIGN = re.compile(r"[^\x00-\x7f]")
_UNREADABLE = "ꀀ"  # a letter that no entry of the lexicon contains


def simplified(text: str) -> str:
    """The text with traditional signs as simplified ones; every position stays."""
    return text if text.isascii() else text.translate(_SIMPLIFIED)


def without_japanese(text: str) -> str:
    """The text with the signs of Japanese clauses made unreadable; every position stays."""
    if text.isascii() or not _JAPANESE.search(text):
        return text
    return _CLAUSE.sub(
        lambda clause: (
            _SIGN.sub(_UNREADABLE, clause[0]) if _JAPANESE.search(clause[0]) else clause[0]
        ),
        text,
    )
