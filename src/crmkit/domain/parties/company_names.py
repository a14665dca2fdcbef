"""Company names brought down to their core, so that spellings of one company meet.

鲁西科技（聊城）有限公司 and 聊城市鲁西科技有限责任公司 have one core. Districts and counties
stay, because companies of two districts differ.
"""

import re
from typing import Final

from crmkit.domain.text import search_key

_REGIONS: Final = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 "
    "江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 "
    "台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门"
)
_CITIES: Final = (
    "聊城 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 "
    "德州 滨州 菏泽 石家庄 唐山 保定 廊坊 太原 大同 呼和浩特 包头 沈阳 "
    "大连 鞍山 长春 哈尔滨 大庆 南京 无锡 徐州 常州 苏州 南通 连云港 扬州 "
    "镇江 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 台州 合肥 芜湖 蚌埠 福州 "
    "厦门 泉州 南昌 九江 赣州 郑州 开封 洛阳 安阳 新乡 濮阳 武汉 宜昌 "
    "襄阳 长沙 株洲 湘潭 岳阳 广州 深圳 珠海 汕头 佛山 东莞 中山 惠州 "
    "江门 南宁 柳州 桂林 海口 三亚 成都 绵阳 宜宾 贵阳 遵义 昆明 大理 "
    "拉萨 西安 咸阳 宝鸡 兰州 西宁 银川 乌鲁木齐 邯郸 邢台 秦皇岛 沧州 "
    "衡水"
)
_CHINESE_SUFFIXES: Final = (
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "有限公司",
    "集团公司",
    "总公司",
    "公司",
    "集团",
)
_WESTERN_SUFFIX: Final = re.compile(
    r"\s+(?:gmbh co kg|gmbh|co ltd|co limited|company limited|limited|ltd|incorporated|inc|"
    r"corporation|corp|company|co|llc|llp|plc|ag|sa|sas|srl|spa|bv|nv|oy|ab|as|kg|pty)$"
)
_PLACE: Final = re.compile(
    "^(?:"
    + "|".join(sorted((*_REGIONS.split(), *_CITIES.split()), key=len, reverse=True))
    + ")(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区|特别行政区)?"
)
_BRACKETS: Final = re.compile(r"[(\[【〔<《]([^)\]】〕>》]*)[)\]】〕>》]")
_NOT_WORDS: Final = re.compile(r"[^\w\s]|_")
_MINIMUM: Final = 2


def company_key(name: str) -> str:
    """Return the core of a company's name; never empty for a name that has a sign in it."""
    folded = search_key(name).strip()
    plain = _BRACKETS.sub(_keep_unless_place, folded)
    plain = " ".join(_NOT_WORDS.sub(" ", plain).split())
    core = _without_western_suffix(plain)
    core = _without_place(_without_chinese_suffix(core.replace(" ", "")))
    return core or plain.replace(" ", "") or folded


def _keep_unless_place(found: "re.Match[str]") -> str:
    inner = found.group(1).strip()
    place = _PLACE.match(inner)
    return "" if place and place.end() == len(inner) else f" {inner} "


def _without_western_suffix(plain: str) -> str:
    while (shorter := _WESTERN_SUFFIX.sub("", plain)) != plain:
        plain = shorter
    return plain


def _without_chinese_suffix(core: str) -> str:
    for suffix in _CHINESE_SUFFIXES:
        if core.endswith(suffix) and len(core) - len(suffix) >= _MINIMUM:
            return _without_chinese_suffix(core.removesuffix(suffix))
    return core


def _without_place(core: str) -> str:
    place = _PLACE.match(core)
    if place and len(core) - place.end() >= _MINIMUM:
        return _without_place(core[place.end() :])
    return core
