"""Company names brought down to their core, so that spellings of one company meet.

鲁西科技（聊城）有限公司 and 聊城市鲁西科技有限责任公司 have one core. Districts and counties
stay in it, because companies of two districts differ.
"""

import re
from typing import Final

from crmkit.domain.parties.chinese_places import Place, cut_place
from crmkit.domain.text import check_text, search_key

MAX_NAME: Final = 1_000
_MINIMUM: Final = 2
_CHINESE_FORM: Final = re.compile(
    "(?:股份有限公司|有限责任公司|有限責任公司|有限公司|集团公司|集團公司|股份公司|总公司|總公司|"
    "(?<!分)公司|集团|集團|股份|特殊普通合伙|普通合伙|有限合伙|合伙企业|"
    "株式会社|株式會社|有限会社|合同会社|주식회사)$"
)
_LEADING_FORM: Final = re.compile("^(?:株式会社|株式會社|有限会社|合同会社|주식회사)")
_WESTERN_FORM: Final = re.compile(
    r"(?:(?<=\S)\s+|(?<=[一-鿿]))(?:co|company|limited|ltd|ltda|incorporated|inc|corporation|corp|"
    r"group|llc|llp|lp|plc|pte|pty|sdn|bhd|gmbh|mbh|ag|se|kg|kgaa|ohg|ug|haftungsbeschränkt|sa|sas|"
    r"sarl|sl|slu|srl|spa|bv|nv|oy|oyj|ab|as|aps|sro|kft|sp z oo|and|und)$"
)
_BRANCH: Final = re.compile("(?:股份有限|有限责任|有限)公司(?=.{1,20}分公司$)")
_BRACKETS: Final = re.compile(r"[(\[{【〔〈《]([^()\[\]{}【】〔〕〈〉《》]*)[)\]}】〕〉》]")
_SAYS_NOTHING: Final = frozenset({"中国", "中國", "china", "株", "有", "주"})
_DOT_OF_LETTERS: Final = re.compile(r"(?<=\b\w)\.\s?(?=\w\b)")
_NOT_WORDS: Final = re.compile(r"[^\w\s]|_")
_TRADE: Final = re.compile(
    "(?:第[一二三四五六七八九十]|银行|农商|农村|商业|大学|学院|师范|医科|理工|工业|农业|科技|人民|"
    "医院|中心|中学|小学|幼儿园|机场|国际|航空|港务|港口|港|电力|供电|燃气|热力|自来水|水务|公交|"
    "公共|交通|地铁|轨道|市政|建筑|建设|工程|建工|安装|设计|研究|院|所|旅游|旅行社|文化|传媒|广播|"
    "电视|台|日报|报业|出版|社|烟草|盐业|石油|石化|化工|钢铁|矿业|机械|电子|信息|网络|软件|服务|贸易|"
    "商贸|进出口|物流|运输|投资|控股|发展|开发|房地产|置业|物业|酒店|宾馆|饭店|餐饮|食品|饮料|啤酒|医药|"
    "药业|医疗|器械|保险|证券|信托|租赁|担保|人力|资源|环保|新能源|能源|汽车|电器|家电|纺织|服装|"
    "技术|产业|实业|制造|管理|咨询|城市|国有|资产|金融|数据|智能|材料|设备|装饰|园林|教育|健康|厂|局)+"
)


def company_key(name: str) -> str:
    """Return the core of a company's name; never empty for a name that has a sign in it.

    Taken away are blanks, punctuation, legal forms, and provinces and cities in front or in
    brackets. A city stays where only a trade would be left: 青岛啤酒 is not 啤酒.
    Raises `InvalidValue` for what is no text, and `OutOfRange` above 1,000 signs.
    """
    return company_key_and_place(name)[0]


def company_place(name: str) -> str:
    """Return the province and city that a company's name tells, such as 山东聊城; else empty."""
    return company_key_and_place(name)[1]


def company_key_and_place(name: str) -> tuple[str, str]:
    """Return what `company_key` and `company_place` return, in one go."""
    key, places = _split(_folded(name))
    while (again := _split(key)[0]) != key:
        key = again
    cities = [place for place in places if place.name != place.province]
    return key, (cities or places)[-1].path if places else ""


def _folded(name: str) -> str:
    return search_key(check_text(name, path="name", max_length=MAX_NAME)).strip()


def _split(folded: str) -> tuple[str, list[Place]]:
    """Part a folded name into its core and the places it tells."""
    bracketed: list[Place] = []

    def keep_unless_place(found: "re.Match[str]") -> str:
        inner = found[1].strip()
        places, rest = _cut_places(inner, 0)
        bracketed.extend(places if not rest else ())
        return "" if not rest or inner in _SAYS_NOTHING else f" {inner} "

    text = _BRACKETS.sub(keep_unless_place, _DOT_OF_LETTERS.sub("", folded))
    plain = " ".join(_NOT_WORDS.sub(" ", text).split())
    core = _without_form(plain).replace(" ", "")
    places, rest = _cut_places(core, _MINIMUM)
    places.extend(bracketed)
    if places and _TRADE.fullmatch(rest):
        rest = places[-1].name + rest
    return rest or folded, places


def _without_form(plain: str) -> str:
    plain = _LEADING_FORM.sub("", _BRANCH.sub("", plain)).strip() or plain
    while True:
        shorter = _WESTERN_FORM.sub("", _CHINESE_FORM.sub("", plain).rstrip())
        if len(shorter) < _MINIMUM or shorter == plain:
            return plain
        plain = shorter


def _cut_places(text: str, minimum: int) -> tuple[list[Place], str]:
    """Cut leading places off while at least `minimum` signs are left."""
    places: list[Place] = []
    while True:
        place, rest = cut_place(text)
        if place is None or len(rest) < minimum:
            return places, text
        places.append(place)
        text = rest
