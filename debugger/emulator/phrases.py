"""The sentences that mock replies are made of, in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language. Braces name what is filled in."""

    greeting_named: str
    openings: tuple[str, ...]
    recalled: str
    earlier: str
    images: str
    middles: tuple[str, ...]
    advice: tuple[str, ...]
    questions: tuple[str, ...]
    code: str
    searched: str
    reasoned: str
    thoughts: str
    closing: str
    topics: tuple[str, ...]
    common: frozenset[str]
    shortest: int


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH: Final = Phrases(
    greeting_named="{name}, thank you. ",
    openings=(
        "Here is a first answer to “{quote}”.",
        "Let me take “{quote}” step by step.",
        "Good starting point: “{quote}”. This is how I would go about it.",
    ),
    recalled="Yes, the session is kept for you. So far you wrote:",
    earlier="This is turn {turn} of our session. I keep in mind that you wrote “{quote}” just "
    "before, and build on it here.",
    images="I also looked at the attached images ({count}): {names}. In a live run the model would "
    "describe what is on them.",
    middles=(
        "I would begin with what can be checked soonest, and leave the rest for later:",
        "These are the points that decide whether it works:",
        "In short, I would do these things, in this order:",
    ),
    advice=(
        "write down in one sentence what it must achieve, and for whom.",
        "make a small version first, and show it to one person who will use it.",
        "decide which number tells you that it went well, before you start.",
        "keep what works, and change one thing at a time after that.",
        "leave room for what you will learn on the way; plans age quickly.",
    ),
    questions=(
        "Shall I go deeper into {topic}, or would you rather see a shorter version?",
        "What matters most to you about {topic}: the time, the cost or the look?",
        "If you tell me more about {topic}, I can make this concrete.",
    ),
    code="A small piece of code that you can start from:",
    searched="I would have searched the web for *{topic}*; the sources beside this reply are "
    "placeholders.",
    reasoned="I weighed {count} points against each other before I put them in this order, since "
    "you asked for more effort.",
    thoughts="The message is about: {topics}. Earlier messages in this session: {count}. I answer "
    "with a short plan and one question back.",
    closing="*A mock reply from the emulator in the place of {model}: no model was called.*",
    topics=("Goal", "First step", "Review"),
    common=_words(
        "about after again also because before could does from have into just like more "
        "most only other over please should some than that their them then there these "
        "they this very want what when where which while with would write your"
    ),
    shortest=4,
)

_HINDI: Final = Phrases(
    greeting_named="धन्यवाद, {name}। ",
    openings=(
        "आपने पूछा: “{quote}”। यह रहा पहला उत्तर।",
        "“{quote}” को हम एक-एक कदम करके देखते हैं।",
        "अच्छी शुरुआत है: “{quote}”। मैं इसे इस तरह करूँगा।",
    ),
    recalled="हाँ, यह बातचीत आपके लिए सुरक्षित है। अब तक आपने लिखा:",
    earlier="यह हमारी बातचीत का संदेश {turn} है। आपने अभी लिखा था “{quote}”, और मैं उसी को आगे बढ़ा रहा हूँ।",
    images="मैंने जुड़ी हुई तस्वीरें ({count}) भी देखीं: {names}। लाइव मोड में मॉडल बताएगा कि उनमें क्या है।",
    middles=(
        "मैं उससे शुरू करूँगा जिसे सबसे जल्दी जाँचा जा सकता है:",
        "इन बातों से तय होगा कि यह सफल होगा या नहीं:",
        "संक्षेप में, मैं ये काम इसी क्रम में करूँगा:",
    ),
    advice=(
        "एक वाक्य में लिखिए कि इससे क्या मिलना चाहिए और किसे।",
        "पहले एक छोटा रूप बनाइए और किसी एक उपयोगकर्ता को दिखाइए।",
        "शुरू करने से पहले तय कीजिए कि कौन-सी संख्या सफलता बताएगी।",
        "जो काम करता है उसे रखिए, और एक बार में एक ही चीज़ बदलिए।",
        "रास्ते में सीखने के लिए जगह छोड़िए; योजनाएँ जल्दी पुरानी होती हैं।",
    ),
    questions=(
        "क्या मैं {topic} को और विस्तार से बताऊँ, या छोटा उत्तर चाहिए?",
        "{topic} में आपके लिए सबसे ज़रूरी क्या है: समय, लागत या रूप?",
        "{topic} के बारे में थोड़ा और बताइए, तो मैं इसे ठोस बना सकूँगा।",
    ),
    code="शुरू करने के लिए एक छोटा-सा कोड:",
    searched="मैं वेब पर *{topic}* खोजता; इस उत्तर के साथ दिए गए स्रोत केवल नमूने हैं।",
    reasoned="आपने अधिक प्रयास माँगा था, इसलिए मैंने {count} बातों को तौलकर यह क्रम चुना।",
    thoughts="संदेश का विषय: {topics}। इस बातचीत में पहले के संदेश: {count}। मैं एक छोटी योजना और एक "
    "प्रश्न के साथ उत्तर देता हूँ।",
    closing="*यह {model} की जगह emulator का नमूना उत्तर है: किसी मॉडल को नहीं बुलाया गया।*",
    topics=("लक्ष्य", "पहला कदम", "समीक्षा"),
    common=_words("लिए लिखो लिखिए चाहिए करना करें मुझे आपको क्या कैसे यह वह और एक के"),
    shortest=3,
)

_KOREAN: Final = Phrases(
    greeting_named="{name} 님, 고맙습니다. ",
    openings=(
        "“{quote}”에 대한 첫 번째 답변입니다.",
        "“{quote}”, 하나씩 차근차근 살펴보겠습니다.",
        "좋은 출발점입니다: “{quote}”. 저라면 이렇게 진행하겠습니다.",
    ),
    recalled="네, 이 대화는 보관되어 있습니다. 지금까지 이렇게 쓰셨습니다:",
    earlier="이 대화의 {turn}번째 메시지입니다. 바로 앞에서 “{quote}”라고 쓰신 것을 기억하고 "
    "이어서 답합니다.",
    images="첨부하신 이미지({count}개)도 확인했습니다: {names}. 라이브 모드에서는 모델이 그 내용을 "
    "설명합니다.",
    middles=(
        "가장 빨리 확인할 수 있는 것부터 시작하겠습니다:",
        "성공 여부는 다음 사항에 달려 있습니다:",
        "요약하면, 다음 순서로 진행하겠습니다:",
    ),
    advice=(
        "무엇을 누구를 위해 이루어야 하는지 한 문장으로 적습니다.",
        "먼저 작게 만들어 실제로 쓸 한 사람에게 보여 줍니다.",
        "시작하기 전에 어떤 숫자가 성공을 뜻하는지 정합니다.",
        "잘되는 것은 그대로 두고, 한 번에 하나씩만 바꿉니다.",
        "진행하면서 배울 여지를 남겨 둡니다. 계획은 금방 낡습니다.",
    ),
    questions=(
        "{topic}에 대해 더 자세히 설명할까요, 아니면 더 짧은 답이 좋을까요?",
        "{topic}에서 가장 중요한 것은 무엇인가요: 시간, 비용, 모양?",
        "{topic}에 대해 더 알려 주시면 구체적으로 만들 수 있습니다.",
    ),
    code="바로 시작할 수 있는 짧은 코드입니다:",
    searched="웹에서 *{topic}*를 검색했을 것입니다. 이 답변 옆의 출처는 예시입니다.",
    reasoned="더 깊이 생각해 달라고 하셔서, {count}가지를 비교한 뒤 이 순서를 골랐습니다.",
    thoughts="메시지의 주제: {topics}. 이 대화의 이전 메시지: {count}개. 짧은 계획과 질문 하나로 "
    "답합니다.",
    closing="*{model} 대신 emulator가 쓴 예시 답변입니다. 모델은 호출되지 않았습니다.*",
    topics=("목표", "첫 단계", "검토"),
    common=_words("그리고 하지만 그런데 어떻게 무엇을 대한 위한 있는 해줘 주세요"),
    shortest=2,
)

PHRASES: Final[Mapping[str, Phrases]] = {"en": _ENGLISH, "hi": _HINDI, "ko": _KOREAN}
