"""Every word the page says by itself, by language; the browser's languages choose.

A new language is one more ``Strings`` value in ``LANGUAGES``. Templates avoid plurals ("Passages: 3"),
so that no language needs plural rules.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Strings:
    """The words of one interface language. ``{…}`` fields are filled by ``str.format``."""

    lang: str
    direction: str

    title: str
    tagline: str
    ask_label: str
    ask_placeholder: str
    ask_button: str
    examples: str
    searching: str
    you_asked: str
    read_as: str
    edit: str
    edit_label: str

    answer: str
    confidence: tuple[str, str, str, str]
    """From the surest to the least sure."""
    page: str
    others: str
    nothing_else: str
    copy: str
    copied: str
    is_right: str
    verdict_right: str
    verdict_wrong: str
    expected_ask: str
    expected_send: str
    verdict_kept: str
    verdict_lost: str

    not_found: str
    not_found_note: str
    nearest: str
    nothing_near: str

    documents: str
    documents_count: str
    documents_more: str
    no_documents: str
    no_documents_note: str
    passages_count: str
    pages_count: str
    added_on: str
    upload: str
    upload_note: str

    indexing: str
    added: str
    updated: str
    unchanged: str
    failed: str
    report: str
    too_many: str
    too_large: str

    failed_question: str
    unexpected: str
    question_too_long: str


EN = Strings(
    lang="en",
    direction="ltr",
    title="Ask your documents",
    tagline="Every answer is a quote: the documents’ own words, with their place.",
    ask_label="Your question",
    ask_placeholder="Ask in any language…",
    ask_button="Ask",
    examples="Try one of these",
    searching="Searching the documents…",
    you_asked="You asked:",
    read_as="Read as: {question}",
    edit="Edit",
    edit_label="How the question is meant",
    answer="Quote",
    confidence=(
        "Very likely answers this",
        "Likely answers this",
        "May answer this",
        "Uncertain: check the passage",
    ),
    page="page {page}",
    others="Other passages: {count}",
    nothing_else="No other passage came near.",
    copy="Copy quote",
    copied="Copied",
    is_right="Is this right?",
    verdict_right="Yes",
    verdict_wrong="No",
    expected_ask="What would be right? (optional)",
    expected_send="Send",
    verdict_kept="Noted, thank you.",
    verdict_lost="This could not be noted. Please try again.",
    not_found="Not in these documents",
    not_found_note="No passage answers this with enough certainty.",
    nearest="Nearest passages (these are not answers)",
    nothing_near="No passage comes near this question.",
    documents="Documents",
    documents_count="Documents: {documents} · passages: {passages}",
    documents_more="… and {count} more",
    no_documents="No documents yet",
    no_documents_note="Add files, then ask about them. They are kept in this library and sent nowhere else.",
    passages_count="passages: {count}",
    pages_count="pages: {count}",
    added_on="added {date}",
    upload="Add files",
    upload_note="{kinds}. At most {size} MB a file, {count} files at a time.",
    indexing="Reading {name} ({number} of {total})…",
    added="added",
    updated="updated",
    unchanged="already here, unchanged",
    failed="not added",
    report="Files taken: {done} of {total}",
    too_many="{total} files are too many at once: the first {count} were taken. Add the rest next.",
    too_large="The file is larger than {size} MB. Split it, or add it on the command line: qa add",
    failed_question="This question could not be answered",
    unexpected="Something went wrong on the server. The details are in its log; please try again.",
    question_too_long="The question is longer than {count} characters. Ask in a sentence or two.",
)

ZH = Strings(
    lang="zh",
    direction="ltr",
    title="问你的文档",
    tagline="每个回答都是引文：文档的原话，并注明出处。",
    ask_label="你的问题",
    ask_placeholder="用任何语言提问…",
    ask_button="提问",
    examples="可以这样问",
    searching="正在查找…",
    you_asked="你的问题：",
    read_as="理解为：{question}",
    edit="修改",
    edit_label="这个问题的意思",
    answer="引文",
    confidence=("很可能就是答案", "大概是答案", "也许是答案", "不确定，请核对原文"),
    page="第 {page} 页",
    others="其他段落：{count}",
    nothing_else="没有其他相近的段落。",
    copy="复制引文",
    copied="已复制",
    is_right="回答对吗？",
    verdict_right="对",
    verdict_wrong="不对",
    expected_ask="正确答案是什么？（可不填）",
    expected_send="发送",
    verdict_kept="已记下，谢谢。",
    verdict_lost="没能记下，请再试一次。",
    not_found="这些文档里没有答案",
    not_found_note="没有哪一段能足够可靠地回答这个问题。",
    nearest="最接近的段落（不是答案）",
    nothing_near="没有与这个问题相近的段落。",
    documents="文档",
    documents_count="文档 {documents} 份 · 段落 {passages} 段",
    documents_more="……另有 {count} 份",
    no_documents="还没有文档",
    no_documents_note="添加文件，然后就可以提问。文件只保存在这个文档库里，不会发送到别处。",
    passages_count="{count} 段",
    pages_count="{count} 页",
    added_on="添加于 {date}",
    upload="添加文件",
    upload_note="{kinds}。每个文件不超过 {size} MB，每次最多 {count} 个。",
    indexing="正在读取 {name}（{number}/{total}）…",
    added="已添加",
    updated="已更新",
    unchanged="已存在，内容未变",
    failed="未能添加",
    report="已处理文件：{done}/{total}",
    too_many="一次选了 {total} 个文件，太多了：只处理了前 {count} 个，其余请再添加一次。",
    too_large="文件超过 {size} MB。请拆分，或用命令行添加：qa add",
    failed_question="这个问题没能回答",
    unexpected="服务器出错了，详情见服务器日志。请再试一次。",
    question_too_long="问题超过 {count} 个字符，请用一两句话提问。",
)

LANGUAGES: dict[str, Strings] = {"en": EN, "zh": ZH}
"""By primary language subtag, or by a full tag in lower case where a region needs its own words."""


def choose_strings(accept_language: str | None) -> Strings:
    """Return the strings of the reader's first language that we have, else English.

    ``accept_language`` is the HTTP header, as ``zh-CN,zh;q=0.9,en;q=0.8`` (RFC 9110, 12.5.4).
    """
    for tag in _by_preference(accept_language or ""):
        for key in (tag, tag.partition("-")[0]):
            if key in LANGUAGES:
                return LANGUAGES[key]
    return EN


def _by_preference(header: str) -> list[str]:
    """Return the language tags of the header in lower case, the most wanted first."""
    weighted = []
    for part in header.split(","):
        tag, _, parameter = part.strip().lower().partition(";")
        weight = _weight(parameter)
        if tag and weight > 0:
            weighted.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
