"""Chinese provinces and prefecture-level cities, as they stand in company names.

Districts and counties are left out on purpose: companies of two districts differ. 海南 is the
province, never the prefecture in 青海 that has the same name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

_TABLE: Final = """
北京: 天津: 上海: 重庆: 香港: 澳门:
河北: 石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水
山西: 太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
内蒙古: 呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布
    兴安/盟 锡林郭勒/盟 阿拉善/盟
辽宁: 沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛
吉林: 长春 四平 辽源 通化 白山 松原 白城 延边/州
黑龙江: 哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 七台河 牡丹江 黑河 绥化
    大兴安岭/地区
江苏: 南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁
浙江: 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水
安徽: 合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城
福建: 福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德
江西: 南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶
山东: 济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽
河南: 郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳
    周口 驻马店
湖北: 武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施/州
湖南: 长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西/州
广东: 广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远
    东莞 中山 潮州 揭阳 云浮
广西: 南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
海南: 海口 三亚 三沙 儋州
四川: 成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安
    巴中 资阳 阿坝/州 甘孜/州 凉山/州
贵州: 贵阳 六盘水 遵义 安顺 毕节 铜仁 黔西南/州 黔东南/州 黔南/州
云南: 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄/州 红河/州 文山/州 西双版纳/州 大理/州
    德宏/州 怒江/州 迪庆/州
西藏: 拉萨 日喀则 昌都 林芝 山南 那曲 阿里/地区
陕西: 西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛
甘肃: 兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南 临夏/州 甘南/州
青海: 西宁 海东 海北/州 黄南/州 果洛/州 玉树/州 海西/州
宁夏: 银川 石嘴山 吴忠 固原 中卫
新疆: 乌鲁木齐 克拉玛依 吐鲁番 哈密 昌吉/州 博尔塔拉/州 巴音郭楞/州 阿克苏/地区
    克孜勒苏/州 喀什/地区 和田/地区 伊犁/州 塔城/地区 阿勒泰/地区
台湾: 台北 新北 桃园 台中 台南 高雄
"""
_CITY: Final = "市(?!政|场|民|容|郊|中区|南区|北区)"
_OF_A_COUNTY: Final = "区|县|旗|左旗|右旗|港区|楼区|[一-鿿]{1,2}族自治县"
_ENDINGS: Final[Mapping[str, str]] = {
    "": f"省(?!心|钱)|{_CITY}|[一-鿿]{{0,4}}?自治区|特别行政区",
    "市": _CITY,
    "州": f"{_CITY}|州|[一-鿿]{{0,7}}?自治州",
    "盟": "盟",
    "地区": f"地区|{_CITY}",
}


@attrs.frozen(kw_only=True)
class Place:
    """A province, or a city of `province`; names are short, 聊城 for 聊城市."""

    name: str
    province: str

    @property
    def path(self) -> str:
        """Return the name with its province in front, 山东聊城."""
        return self.name if self.name == self.province else self.province + self.name


def cut_place(text: str) -> tuple[Place | None, str]:
    """Return the province or city that `text` begins with, and what follows it.

    聊城市鲁西 gives 聊城 and 鲁西; 聊城市政 gives 聊城 and 市政; 朝阳区鲁西 begins with a district,
    so it gives None and itself.
    """
    found = _NAMES.match(text)
    if found is None:
        return None, text
    place, ending = _PLACES[found[0]]
    ended = ending.match(text, found.end())
    return (place, text[ended.end() :]) if ended else (None, text)


def _places() -> Iterator[tuple[Place, str]]:
    province = ""
    for word in _TABLE.split():
        name, _, kind = word.partition("/")
        if word.endswith(":"):
            name = province = word.removesuffix(":")
            yield Place(name=name, province=name), ""
        else:
            yield Place(name=name, province=province), kind or "市"


_ENDED: Final = {
    kind: re.compile(f"(?:{ending})?(?!{_OF_A_COUNTY})") for kind, ending in _ENDINGS.items()
}
_PLACES: Final = {place.name: (place, _ENDED[kind]) for place, kind in _places()}
_NAMES: Final = re.compile("|".join(sorted(_PLACES, key=len, reverse=True)))
