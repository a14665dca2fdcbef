"""Company names: spellings of one company meet, different companies stay apart."""

import csv

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.domain.parties.chinese_places import cut_place
from crmkit.domain.parties.company_names import company_key, company_place
from crmkit.errors import InvalidValue, OutOfRange

PLACES = [
    "聊城",
    "聊城市",
    "山东",
    "山东省",
    "北京市",
    "朝阳区",
    "中国",
    "内蒙古自治区",
    "市",
    "区",
]
TRADES = ["鲁西", "科技", "建筑", "工程", "银行", "acme", "1", "（鲁西）", "（聊城）", "（中国）"]
FORMS = ["集团", "公司", "有限公司", "股份有限公司", "分公司", "co.", "ltd", "gmbh", "s.a.", "kg"]
SIGNS = ["(", ")", "（", "）", ",", ".", "&", "-", " "]
NAMES = st.lists(st.sampled_from(PLACES + TRADES + FORMS + SIGNS), max_size=8).map("".join)


@pytest.mark.parametrize(
    "names",
    [
        (
            "聊城市鲁西科技有限公司",
            "鲁西科技（聊城）有限公司",
            "山东鲁西科技有限责任公司",
            "山东省聊城市鲁西科技股份有限公司",
            "鲁西科技(山东聊城)集团有限公司",
            " 鲁西 科技\u3000有限公司 ",
        ),
        ("聊城市建筑工程有限公司", "建筑工程（聊城）有限公司", "山东聊城建筑工程公司"),
        ("聊城市政工程有限公司", "聊城市市政工程有限公司"),
        ("新疆维吾尔自治区昌吉回族自治州天山棉业", "天山棉业（昌吉）有限公司", "昌吉州天山棉业"),
        ("西门子（中国）有限公司", "西门子有限公司"),
        ("鲁西科技有限公司济南分公司", "鲁西科技股份有限公司济南分公司"),
        ("立信会计师事务所（特殊普通合伙）", "立信会计师事务所"),
        (
            "Acme Co., Ltd.",
            "ACME Company Limited",
            "acme",
            "ＡＣＭＥ",
            "Acme L.L.C.",
            "Acme (China) Inc",
        ),
        ("Müller GmbH & Co. KG", "MÜLLER GMBH", "Müller G.m.b.H."),
        ("J. P. Morgan", "JP Morgan", "J.P. Morgan Inc."),
        ("海尔Co.,Ltd", "海尔集团公司", "海尔股份有限公司"),
        ("トヨタ㈱", "株式会社トヨタ", "トヨタ株式会社"),
    ],
)
def test_spellings_of_one_company_meet(names):
    """Province, city, brackets, blanks and legal form do not tell companies apart."""
    assert len({company_key(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("东昌府区鲁西科技有限公司", "茌平区鲁西科技有限公司"),
        ("聊城市东昌府区鲁西科技有限公司", "聊城市茌平区鲁西科技有限公司"),
        ("聊城市阳谷县祥光铜业", "聊城市东阿县祥光铜业"),
        ("鲁西科技有限公司", "鲁西新材有限公司"),
        ("青岛啤酒股份有限公司", "北京啤酒有限公司"),
        ("上海银行", "北京银行"),
        ("山东大学", "吉林大学"),
        ("北京市朝阳区鲁西", "北京市海淀区鲁西"),
        ("鲁西科技有限公司", "鲁西科技有限公司济南分公司"),
        ("Acme Steel Ltd", "Acme Foods Ltd"),
    ],
)
def test_different_companies_stay_apart(left, right):
    """Districts, counties, branches and names tell companies apart; so does a city with a trade."""
    assert company_key(left) != company_key(right)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("聊城市鲁西科技有限公司", "山东聊城"),
        ("鲁西科技（聊城）有限公司", "山东聊城"),
        ("山东鲁西科技有限公司", "山东"),
        ("山东鲁西科技（青岛）有限公司", "山东青岛"),
        ("北京市朝阳区鲁西", "北京"),
        ("鲁西科技有限公司", ""),
        ("Acme", ""),
    ],
)
def test_a_name_tells_its_place(name, place):
    """The province and city in front or in brackets can be read, the city before the province."""
    assert company_place(name) == place


@pytest.mark.parametrize(
    "name",
    [
        "公司",
        "有限公司",
        "集团",
        "Limited",
        "Co., Ltd.",
        "（聊城）",
        "聊城市",
        "！！！",
        "（）",
        "北京",
        "_",
        "\u200b",
    ],
)
def test_a_name_is_never_lost(name):
    """What is nothing but place, legal form or punctuation stays."""
    assert company_key(name)


@given(name=NAMES)
@example(name="聊城聊城建筑")
@example(name="鲁西 s a 有限公司")
def test_the_core_of_a_core_is_itself(name):
    """Normalising twice is normalising once, for names made of the parts of names."""
    core = company_key(name)
    assert company_key(core) == core
    assert core or not name.strip()


@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_text_has_a_stable_core(name):
    """Normalising twice is normalising once, for any text."""
    core = company_key(name)
    assert company_key(core) == core
    assert core or not name.strip()


@pytest.mark.parametrize("name", ["\x00", "聊\ud800城", "a\x00b"])
@pytest.mark.parametrize("function", [company_key, company_place])
def test_broken_text_is_refused(function, name):
    """NUL and lone surrogates are invalid values, and the name is named."""
    with pytest.raises(InvalidValue) as caught:
        function(name)
    assert caught.value.path == "name"


@pytest.mark.parametrize("sign", ["(", "公司", " ltd", "聊城", "a.", "（聊城", "有限公司"])
def test_endless_names_are_refused_at_once(sign):
    """A name above a thousand signs is out of range, below it is done quickly."""
    with pytest.raises(OutOfRange):
        company_key(sign * 1001)
    assert company_key((sign * 1000)[:1000])


def test_every_province_and_city_is_known(shared):
    """Each province and city of the official list is cut off, in full and short.

    The one exception shares its name with a province.
    """
    official = _official(shared, "provinces.csv", "cities.csv")
    assert [name for name in official if not _is_cut(name)] == ["海南藏族自治州"]


def test_no_county_of_the_list_is_cut(shared):
    """Districts and counties of the official list are never cut in two; zones are of their city."""
    zones = ("开发区", "园区", "管理区", "示范区", "实验区", "新区", "食品区")
    names = [name for name in _official(shared, "areas.csv") if name.endswith(("区", "县", "旗"))]
    assert [name for name in names if not name.endswith(zones) and cut_place(name)[0]] == []


def _official(shared, *files):
    for file in files:
        with (shared / "data" / "cn_divisions" / file).open(encoding="utf-8") as source:
            for row in csv.DictReader(source):
                name = row["name"]
                if name not in {"市辖区", "县"} and not name.endswith("直辖县级行政区划"):
                    yield name


def _is_cut(name):
    place, rest = cut_place(f"{name}鲁西")
    return place is not None and rest == "鲁西" and cut_place(f"{place.name}鲁西")[1] == "鲁西"
