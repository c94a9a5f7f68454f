"""Kana, width and variants of characters: how names are compared and found although they are stored as typed.

A person's 旧字 and 異体字 are kept for ever; only `search_key` folds them, and nothing it returns is ever shown.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TO_KATAKANA: Final = {code: code + 0x60 for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_TO_HIRAGANA: Final = {katakana: hiragana for hiragana, katakana in _TO_KATAKANA.items()}

_HALF_KANA: Final = "ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ｡｢｣､･ﾞﾟ"
_FULL_KANA: Final = (
    "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテト"
    "ナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン。「」、・゛゜"
)
_TO_HALF: Final = {
    **{ord(full): half for full, half in zip(_FULL_KANA, _HALF_KANA, strict=True)},
    **{code + 0xFEE0: chr(code) for code in range(0x21, 0x7F)},
    0x3000: " ",
    0x3099: "ﾞ",
    0x309A: "ﾟ",
}
_TO_FULL: Final = {
    **{ord(half): full for full, half in zip(_FULL_KANA, _HALF_KANA, strict=True)},
    **{code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)},
    0x20: "\u3000",
}
_VOICED: Final = re.compile("([ｦｱ-ﾝ])([ﾞﾟ])")
#: Consonants of each row, in every way of writing it, and its five sounds; where one is written apart, its own line.
_ROWS: Final = """
- あいうえお  k かきくけこ  s さしすせそ  t たちつてと  n なにぬねの  h はひふへほ  m まみむめも  y や-ゆ-よ
r らりるれろ  w わ---を  g がぎぐげご  z ざじずぜぞ  d だぢづでど  b ばびぶべぼ  p ぱぴぷぺぽ  j -じ---
"""
_GLIDES: Final = "k き s し t ち n に h ひ m み r り g ぎ z じ d ぢ b び p ぴ"
_OWN_SOUNDS: Final = {"shi": "し", "chi": "ち", "tsu": "つ", "fu": "ふ", "ji": "じ", "dzu": "づ", "she": "しぇ",
                      "che": "ちぇ", "je": "じぇ", "fa": "ふぁ", "fi": "ふぃ", "fe": "ふぇ", "fo": "ふぉ"}  # fmt: skip
_ROMAJI: Final = {
    **{
        consonant.strip("-") + vowel: kana
        for consonant, row in (pair.split(" ") for pair in re.split(r"  |\n", _ROWS.strip()))
        for vowel, kana in zip("aiueo", row, strict=True)
        if kana != "-"
    },
    **{
        written + vowel: kana + small
        for consonant, kana in zip(*[iter(_GLIDES.split())] * 2, strict=True)
        for vowel, small in zip("auo", "ゃゅょ", strict=True)
        for written in (f"{consonant}y", *{"s": ("sh",), "t": ("ch", "cy"), "z": ("j", "jy")}.get(consonant, ()))
    },
    **_OWN_SOUNDS,
}
#: A long vowel as kana write it: う after a sound in o or u, the same vowel again.
_LONG: Final = re.compile(
    "(?<=[おこそとのほもよろごぞどぼぽうくすつぬふむゆるぐずぶぷ])[うお]|(?<=[あかさたなはまやらわがざだばぱ])あ"
    "|(?<=[いきしちにひみりぎじびぴ])い"
)
#: ぢ and づ are typed as じ and ず, in kana and in Latin letters.
_SOUND_ALIKE: Final = str.maketrans("ぢづを", "じずお")
_AFTER_N: Final = frozenset("aiueoy")
_DOUBLED: Final = frozenset("bcdfghjkpstz")
#: The marks of a long vowel: ō and ô.
_LONG_MARKS: Final = re.compile("([aiueo])[\u0302\u0304]")
_KATAKANA_NAME: Final = re.compile("[ァ-ヴー]+(?:[ \u3000・＝][ァ-ヴー]+)*")


def to_katakana(text: str) -> str:
    """Hiragana → katakana; everything else, half-width kana included, stays."""
    return text.translate(_TO_KATAKANA)


def to_hiragana(text: str) -> str:
    """Katakana → hiragana where hiragana has the sound (ヷ–ヺ stay)."""
    return text.translate(_TO_HIRAGANA)


def from_romaji(word: str) -> str:
    """A word in Latin letters → how it reads in hiragana; empty where it is not written as Japanese is.

    Hepburn (shi, chi, fu, shimbun, matchi), Kunrei (si, ti, hu, zyu) and what keyboards take (jyu, nn). A long vowel is
    long only where it is written so (ō, ô, ou): juminhyo is じゅみんひょ.
    """
    plain = _LONG_MARKS.sub(r"\1\1", unicodedata.normalize("NFKD", word).casefold()).replace("\u2019", "'")
    kana, at = [], 0
    while at < len(plain):
        following = plain[at + 1 : at + 2]
        if plain[at] == "n" and following not in _AFTER_N:
            # nn is one ん at the end and before a consonant; before a vowel the second n begins the next sound.
            doubled = following == "n" and plain[at + 2 : at + 3] not in _AFTER_N
            kana.append("ん")
            at += 2 if doubled or following == "'" else 1
        elif plain[at] == "m" and following in ("b", "m", "p"):
            kana.append("ん")
            at += 1
        elif plain[at] in _DOUBLED and (following == plain[at] or plain.startswith("tch", at)):
            kana.append("っ")
            at += 1
        else:
            size = next((size for size in (4, 3, 2, 1) if plain[at : at + size] in _ROMAJI), 0)
            if not size:
                return ""
            kana.append(_ROMAJI[plain[at : at + size]])
            at += size
    return "".join(kana)


def to_fullwidth(text: str) -> str:
    """Half-width ASCII, space and kana → full width; ｶﾞ becomes one character ガ."""
    return _VOICED.sub(_composed, text).translate(_TO_FULL)


def to_halfwidth(text: str) -> str:
    """Full-width ASCII, space and katakana → half width, ガ as two characters ｶﾞ (as bank transfer files write it)."""
    return "".join(
        unicodedata.normalize("NFD", char).translate(_TO_HALF) if "ガ" <= char <= "ヺ" else char.translate(_TO_HALF)
        for char in text
    )


def _composed(pair: re.Match[str]) -> str:
    """ｶ + ﾞ → ガ; a sound that is never voiced keeps its mark beside it (ﾏﾞ → マ゛)."""
    mark = "\u3099" if pair[2] == "ﾞ" else "\u309a"
    joined = unicodedata.normalize("NFC", pair[1].translate(_TO_FULL) + mark)
    return joined if len(joined) == 1 else pair[0]


def is_katakana_name(text: str) -> bool:
    """Whether this is a name in full-width katakana: words of ァ–ヴ and ー, divided by one space, ・ or ＝.

    The form in which 振り仮名 stand in the register (住民基本台帳法7条1号の2, 戸籍法13条2項).
    """
    return _KATAKANA_NAME.fullmatch(text) is not None


# --- the search key ---------------------------------------------------------------------------------------------

# The character searched by, then the 旧字体 and 異体字 that names and addresses are written with. Compiled from the
# 常用漢字表 (平成22年内閣告示第2号, 康熙字典体 in brackets) and 人名用漢字 (戸籍法施行規則別表第二), and from the
# variants that registers of residents know (邊, 齋, 髙, 﨑, 𠮷 …).
_VARIANTS: Final = """
亜亞 悪惡 圧壓 囲圍 医醫 為爲 壱壹 隠隱 栄榮 営營 衛衞 駅驛 円圓 縁緣 艶艷 塩鹽 奥奧 応應 横橫 欧歐 殴毆 桜櫻
黄黃 温溫 穏穩 仮假 価價 画畫 会會 絵繪 壊壞 懐懷 概槪 拡擴 殻殼 覚覺 学學斈 岳嶽 楽樂 渇渴 勧勸 巻卷 寛寬 関關
歓歡 観觀 館舘 缶罐 陥陷 顔顏 気氣 帰歸 亀龜 偽僞 戯戲 犠犧 旧舊 拠據 挙擧 虚虛 峡峽 挟挾 狭狹 郷鄕 暁曉 区區
駆驅 勲勳 薫薰 径徑 恵惠 渓溪 経經 掲揭 蛍螢 軽輕 継繼 鶏鷄 芸藝 撃擊 欠缺 研硏 県縣 倹儉 剣劍劒剱劔 険險 圏圈
検檢 献獻 権權 顕顯 験驗 厳嚴 広廣 効效 恒恆 鉱鑛 号號 国國圀 黒黑 砕碎 済濟 斎齋齊斉 剤劑 雑雜 参參 桟棧 蚕蠶
惨慘 賛贊 残殘 糸絲 歯齒 児兒 辞辭 湿濕 実實 写寫 釈釋 寿壽 収收 従從 渋澁 獣獸 縦縱 粛肅 処處 緒緖 叙敍 将將
称稱 渉涉 焼燒 証證 奨奬 条條 状狀 乗乘 浄淨 剰剩 畳疊 縄繩 壌壤 嬢孃 譲讓 醸釀 触觸 嘱囑 真眞 寝寢 慎愼 尽盡
図圖 粋粹 酔醉 穂穗 随隨 髄髓 枢樞 数數 瀬瀨 声聲 青靑 静靜 税稅 窃竊 摂攝 専專 浅淺 戦戰 践踐 銭錢 潜潛 繊纖
禅禪 双雙 壮壯 争爭 荘莊 捜搜 挿插 巣巢 曽曾 痩瘦 装裝 総總 騒騷 増增 蔵藏 臓臟 即卽 属屬 続續 堕墮 対對
体體躰軆 帯帶 滞滯 台臺 滝瀧 択擇 沢澤 担擔 単單 胆膽 団團 断斷 弾彈 遅遲 痴癡 虫蟲 昼晝 鋳鑄 庁廳 徴徵 聴聽
勅敕 鎮鎭 塚冢 逓遞 鉄鐵銕鐡 点點 転轉 伝傳 灯燈 当當 党黨 盗盜 稲稻 闘鬭 徳德 独獨 読讀 届屆 弐貳 悩惱 脳腦
覇霸 拝拜 廃廢 売賣 梅楳 麦麥 発發 髪髮 抜拔 晩晚 蛮蠻 秘祕 浜濱濵 瓶甁 払拂 仏佛 併倂 並竝 餅餠 辺邊邉 変變
弁辨瓣辯 歩步 宝寶寳 豊豐 褒襃 翻飜 毎每 万萬 満滿 麺麵 黙默 弥彌 訳譯 薬藥 与與 予豫 余餘 誉譽 揺搖 様樣 謡謠
来來 頼賴 乱亂 覧覽 竜龍 両兩 猟獵 緑綠 涙淚 塁壘 礼禮 励勵 戻戾 霊靈 齢齡 暦曆 歴歷 恋戀 錬鍊 炉爐 労勞 郎郞
楼樓 録錄 湾灣 高髙 崎﨑嵜埼碕 吉𠮷 島嶋嶌 峰峯 柳栁桺 富冨 橋槗 船舩 角⻆ 桑桒 松枩柗 桧檜 侭儘 尭堯 遥遙 瑶瑤
凛凜 槙槇 晃晄 穣穰 禄祿 亘亙 巌巖 迪廸 涼凉 柏栢 昂昻 煕熙凞 祇祗 強强 昇曻 清淸 鶴靏靍鸖 鴎鷗 蝉蟬 頬頰 剥剝
填塡 掴摑 顛顚 騨驒 箪簞 繋繫 蝋蠟 莱萊 屏屛 并幷 醤醬 麹麴 焔焰 噛嚙 侠俠 躯軀 鹸鹼 祷禱 賎賤 迩邇 薮籠篭
曳曵 蘆芦 竃竈 諫諌 隣鄰 野埜 秋秌穐龝 峨峩 卯夘 淵渕渊 闊濶 冴冱 呉吳 悦悅 説說 脱脫 鋭銳 閲閱 彦彥 産產 教敎
尚尙 戸戶 姫姬 内內 呂吕 壷壺 刈苅 鼠鼡 庵菴 蛎蠣 鴬鶯 鯵鰺 鈎鉤 雁鴈 珍珎 略畧 群羣 杯盃 世卋 裏裡 京亰
回囘 兎兔莵 畝畆 仙僊 草艸 面靣 留畄 美羙 窓窗窻牕 恥耻 備俻 虎乕 飯飰 飲飮
"""


_FOLDED: Final = {ord(variant): group[0] for group in _VARIANTS.split() for variant in group[1:]}
# Registers of old kept small kana large (シヨウ), and 霞ヶ関 is written with any of ヶ ケ.
_LARGE: Final = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_IGNORED: Final = re.compile("[\\s\u200b-\u200d\u2060\ufeff\u00ad\u180e\ufe00-\ufe0f\U000e0100-\U000e01ef・･]")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212\u2500\uff0d]|(?<![ァ-ヺー])ー")
_REPEATED: Final = re.compile("(.)々")


def shortened(kana: str) -> str:
    """In hiragana without its long vowels, which whoever writes Latin letters leaves out: すみのどう is すみのど."""
    return _LONG.sub("", to_hiragana(search_key(kana)).translate(_SOUND_ALIKE))


def modern(text: str) -> str:
    """旧字 and 異体字 → the character that is searched by (龍→竜, 邊→辺); everything else stays."""
    return text.translate(_FOLDED)


def search_key(text: str) -> str:
    """What two spellings of one name or address have in common; compare keys, show the text.

    Folds width, composition of 濁点, hiragana and katakana, small and large kana, 旧字 and 異体字 (髙→高, 邉→辺),
    々, dashes, case; leaves out spaces, ・ and variation selectors. Idempotent.
    """
    while (key := _fold(text)) != text:
        text = key
    return key


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().translate(_TO_KATAKANA).translate(_LARGE)
    text = _IGNORED.sub("", text).translate(_FOLDED)
    return _DASHES.sub("-", _REPEATED.sub(r"\1\1", text))
