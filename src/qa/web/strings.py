"""Every word the page says by itself, in its languages; the reader's choice or the browser's languages choose.

A new language is one more ``Strings`` value in ``LANGUAGES`` and one more table in ``qa.reasons``. Templates avoid
plurals ("Passages: 3"), so that no language needs plural rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

LANGUAGE_COOKIE = "qa-language"


@dataclass(frozen=True, slots=True)
class Strings:
    """The words of one interface language. ``{…}`` fields are filled by ``str.format``."""

    lang: str
    """A BCP 47 tag, also of ``qa.reasons``."""
    direction: str
    name: str
    """What the language calls itself."""

    title: str
    tagline: str
    language: str

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

    copy: str
    copied: str

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

    trouble_question: str
    trouble_library: str
    trouble_locked: str
    trouble_model: str
    trouble_quote: str
    trouble_document: str
    trouble_file: str
    trouble_other: str


EN = Strings(
    lang="en",
    direction="ltr",
    name="English",
    title="Ask your documents",
    tagline="Every answer is a quote: the documents’ own words, with their place.",
    language="Language",
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
    copy="Copy quote",
    copied="Copied",
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
    trouble_question="The question is empty. Ask in a few words, in any language.",
    trouble_library="The library cannot be read. Whoever runs it can check it with: qa doctor",
    trouble_locked="Something else is writing to the library right now. Try again in a moment.",
    trouble_model="The library was made with another model than the one that is running.",
    trouble_quote="The quote differs from the stored document, so it is not shown.",
    trouble_document="This document is no longer in the library.",
    trouble_file="The file cannot be read.",
    trouble_other="The server could not do this.",
)

ZH_HANS = Strings(
    lang="zh-Hans",
    direction="ltr",
    name="简体中文",
    title="问你的文档",
    tagline="每个回答都是引文：文档的原话，并注明出处。",
    language="语言",
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
    copy="复制引文",
    copied="已复制",
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
    trouble_question="问题是空的。请用任何语言简短提问。",
    trouble_library="文档库无法读取。管理员可以用 qa doctor 检查。",
    trouble_locked="另一个程序正在写入文档库，请稍后再试。",
    trouble_model="文档库是用另一个模型建立的，与当前运行的模型不同。",
    trouble_quote="引文与存储的文档不一致，因此不予显示。",
    trouble_document="文档库里已经没有这份文档。",
    trouble_file="这个文件无法读取。",
    trouble_other="服务器没能完成这个操作。",
)

ZH_HANT = Strings(
    lang="zh-Hant",
    direction="ltr",
    name="繁體中文",
    title="問你的文件",
    tagline="每個回答都是引文：文件的原話，並註明出處。",
    language="語言",
    ask_label="你的問題",
    ask_placeholder="用任何語言提問…",
    ask_button="提問",
    examples="可以這樣問",
    searching="正在查找…",
    you_asked="你的問題：",
    read_as="理解為：{question}",
    edit="修改",
    edit_label="這個問題的意思",
    answer="引文",
    confidence=("很可能就是答案", "大概是答案", "也許是答案", "不確定，請核對原文"),
    page="第 {page} 頁",
    others="其他段落：{count}",
    nothing_else="沒有其他相近的段落。",
    is_right="回答對嗎？",
    verdict_right="對",
    verdict_wrong="不對",
    expected_ask="正確答案是什麼？（可不填）",
    expected_send="送出",
    verdict_kept="已記下，謝謝。",
    verdict_lost="沒能記下，請再試一次。",
    not_found="這些文件裡沒有答案",
    not_found_note="沒有哪一段能足夠可靠地回答這個問題。",
    nearest="最接近的段落（不是答案）",
    nothing_near="沒有與這個問題相近的段落。",
    copy="複製引文",
    copied="已複製",
    documents="文件",
    documents_count="文件 {documents} 份 · 段落 {passages} 段",
    documents_more="……另有 {count} 份",
    no_documents="還沒有文件",
    no_documents_note="加入檔案，然後就可以提問。檔案只保存在這個文件庫裡，不會傳送到別處。",
    passages_count="{count} 段",
    pages_count="{count} 頁",
    added_on="加入於 {date}",
    upload="加入檔案",
    upload_note="{kinds}。每個檔案不超過 {size} MB，每次最多 {count} 個。",
    indexing="正在讀取 {name}（{number}/{total}）…",
    added="已加入",
    updated="已更新",
    unchanged="已存在，內容未變",
    failed="未能加入",
    report="已處理檔案：{done}/{total}",
    too_many="一次選了 {total} 個檔案，太多了：只處理了前 {count} 個，其餘請再加入一次。",
    too_large="檔案超過 {size} MB。請拆分，或用命令列加入：qa add",
    failed_question="這個問題沒能回答",
    unexpected="伺服器出錯了，詳情見伺服器日誌。請再試一次。",
    question_too_long="問題超過 {count} 個字元，請用一兩句話提問。",
    trouble_question="問題是空的。請用任何語言簡短提問。",
    trouble_library="文件庫無法讀取。管理員可以用 qa doctor 檢查。",
    trouble_locked="另一個程式正在寫入文件庫，請稍後再試。",
    trouble_model="文件庫是用另一個模型建立的，與目前執行的模型不同。",
    trouble_quote="引文與儲存的文件不一致，因此不予顯示。",
    trouble_document="文件庫裡已經沒有這份文件。",
    trouble_file="這個檔案無法讀取。",
    trouble_other="伺服器沒能完成這個操作。",
)

JA = Strings(
    lang="ja",
    direction="ltr",
    name="日本語",
    title="文書に質問する",
    tagline="答えはすべて引用です。文書の言葉そのままを、その場所とともに示します。",
    language="言語",
    ask_label="質問",
    ask_placeholder="どの言語でも質問できます…",
    ask_button="質問する",
    examples="質問の例",
    searching="文書を探しています…",
    you_asked="質問：",
    read_as="次のように読みました：{question}",
    edit="直す",
    edit_label="質問の意味",
    answer="引用",
    confidence=(
        "ほぼ確実に答えです",
        "おそらく答えです",
        "答えかもしれません",
        "不確かです。原文を確かめてください",
    ),
    page="{page}ページ",
    others="その他の段落：{count}",
    nothing_else="ほかに近い段落はありません。",
    is_right="正しい答えですか？",
    verdict_right="はい",
    verdict_wrong="いいえ",
    expected_ask="正しい答えは何ですか？（任意）",
    expected_send="送る",
    verdict_kept="記録しました。ありがとうございます。",
    verdict_lost="記録できませんでした。もう一度お試しください。",
    not_found="これらの文書には答えがありません",
    not_found_note="十分な確かさで答える段落がありません。",
    nearest="最も近い段落（答えではありません）",
    nothing_near="この質問に近い段落はありません。",
    copy="引用をコピー",
    copied="コピーしました",
    documents="文書",
    documents_count="文書 {documents} 件・段落 {passages}",
    documents_more="…ほか {count} 件",
    no_documents="まだ文書がありません",
    no_documents_note="ファイルを追加すると質問できます。ファイルはこの文書庫だけに保存され、ほかへは送られません。",
    passages_count="段落 {count}",
    pages_count="{count}ページ",
    added_on="{date} に追加",
    upload="ファイルを追加",
    upload_note="{kinds}。1ファイル {size} MB まで、1回に {count} ファイルまで。",
    indexing="{name} を読んでいます（{number}/{total}）…",
    added="追加しました",
    updated="更新しました",
    unchanged="登録済み、変更なし",
    failed="追加できませんでした",
    report="処理したファイル：{done}/{total}",
    too_many="一度に {total} ファイルは多すぎます。最初の {count} ファイルだけ受け取りました。残りはもう一度追加してください。",
    too_large="ファイルが {size} MB を超えています。分割するか、コマンドラインで追加してください：qa add",
    failed_question="この質問には答えられませんでした",
    unexpected="サーバーで問題が起きました。詳細はサーバーの記録にあります。もう一度お試しください。",
    question_too_long="質問が {count} 文字を超えています。一、二文で質問してください。",
    trouble_question="質問が空です。どの言語でも、短い言葉で質問してください。",
    trouble_library="文書庫を読めません。管理者は qa doctor で調べられます。",
    trouble_locked="ほかの処理が文書庫に書き込んでいます。少し待ってからお試しください。",
    trouble_model="文書庫は、いま動いているものとは別のモデルで作られています。",
    trouble_quote="引用が保存された文書と一致しないため、表示しません。",
    trouble_document="この文書はもう文書庫にありません。",
    trouble_file="このファイルは読めません。",
    trouble_other="サーバーはこの操作を行えませんでした。",
)

KO = Strings(
    lang="ko",
    direction="ltr",
    name="한국어",
    title="문서에 묻기",
    tagline="모든 답은 인용입니다. 문서의 말 그대로를 그 자리와 함께 보여 줍니다.",
    language="언어",
    ask_label="질문",
    ask_placeholder="어떤 언어로든 물어보세요…",
    ask_button="묻기",
    examples="질문 예시",
    searching="문서를 찾는 중…",
    you_asked="질문:",
    read_as="이렇게 읽었습니다: {question}",
    edit="고치기",
    edit_label="질문의 뜻",
    answer="인용",
    confidence=(
        "거의 확실한 답입니다",
        "아마 답일 것입니다",
        "답일 수도 있습니다",
        "불확실합니다. 원문을 확인하세요",
    ),
    page="{page}쪽",
    others="다른 단락: {count}",
    nothing_else="이 밖에 가까운 단락이 없습니다.",
    is_right="맞는 답입니까?",
    verdict_right="예",
    verdict_wrong="아니요",
    expected_ask="맞는 답은 무엇입니까? (선택)",
    expected_send="보내기",
    verdict_kept="기록했습니다. 고맙습니다.",
    verdict_lost="기록하지 못했습니다. 다시 시도하세요.",
    not_found="이 문서들에는 답이 없습니다",
    not_found_note="충분히 확실하게 답하는 단락이 없습니다.",
    nearest="가장 가까운 단락 (답이 아닙니다)",
    nothing_near="이 질문에 가까운 단락이 없습니다.",
    copy="인용 복사",
    copied="복사했습니다",
    documents="문서",
    documents_count="문서 {documents}개 · 단락 {passages}개",
    documents_more="… 그 밖에 {count}개",
    no_documents="아직 문서가 없습니다",
    no_documents_note="파일을 추가하면 질문할 수 있습니다. 파일은 이 문서 모음에만 보관되고 다른 곳으로 보내지 않습니다.",
    passages_count="단락 {count}개",
    pages_count="{count}쪽",
    added_on="{date} 추가",
    upload="파일 추가",
    upload_note="{kinds}. 파일당 최대 {size} MB, 한 번에 최대 {count}개.",
    indexing="{name} 읽는 중 ({number}/{total})…",
    added="추가됨",
    updated="갱신됨",
    unchanged="이미 있음, 변경 없음",
    failed="추가되지 않음",
    report="처리한 파일: {done}/{total}",
    too_many="한 번에 {total}개는 너무 많습니다. 처음 {count}개만 받았습니다. 나머지는 다시 추가하세요.",
    too_large="파일이 {size} MB보다 큽니다. 나누거나 명령줄에서 추가하세요: qa add",
    failed_question="이 질문에 답하지 못했습니다",
    unexpected="서버에 문제가 생겼습니다. 자세한 내용은 서버 기록에 있습니다. 다시 시도하세요.",
    question_too_long="질문이 {count}자를 넘습니다. 한두 문장으로 물어보세요.",
    trouble_question="질문이 비어 있습니다. 어떤 언어로든 짧게 물어보세요.",
    trouble_library="문서 모음을 읽을 수 없습니다. 관리자는 qa doctor로 점검할 수 있습니다.",
    trouble_locked="지금 다른 작업이 문서 모음에 쓰고 있습니다. 잠시 뒤에 다시 시도하세요.",
    trouble_model="문서 모음이 지금 실행 중인 모델과 다른 모델로 만들어졌습니다.",
    trouble_quote="인용이 저장된 문서와 달라 보여 주지 않습니다.",
    trouble_document="이 문서는 더 이상 문서 모음에 없습니다.",
    trouble_file="이 파일을 읽을 수 없습니다.",
    trouble_other="서버가 이 작업을 하지 못했습니다.",
)

ES = Strings(
    lang="es",
    direction="ltr",
    name="Español",
    title="Pregunta a tus documentos",
    tagline="Cada respuesta es una cita: las palabras del propio documento, con su lugar.",
    language="Idioma",
    ask_label="Tu pregunta",
    ask_placeholder="Pregunta en cualquier idioma…",
    ask_button="Preguntar",
    examples="Prueba con una de estas",
    searching="Buscando en los documentos…",
    you_asked="Preguntaste:",
    read_as="Entendido como: {question}",
    edit="Corregir",
    edit_label="Lo que significa la pregunta",
    answer="Cita",
    confidence=(
        "Muy probablemente responde",
        "Probablemente responde",
        "Puede que responda",
        "Incierto: comprueba el pasaje",
    ),
    page="página {page}",
    others="Otros pasajes: {count}",
    nothing_else="Ningún otro pasaje se acerca.",
    is_right="¿Es correcto?",
    verdict_right="Sí",
    verdict_wrong="No",
    expected_ask="¿Qué sería lo correcto? (opcional)",
    expected_send="Enviar",
    verdict_kept="Anotado, gracias.",
    verdict_lost="No se pudo anotar. Inténtalo de nuevo.",
    not_found="No está en estos documentos",
    not_found_note="Ningún pasaje responde con suficiente certeza.",
    nearest="Pasajes más cercanos (no son respuestas)",
    nothing_near="Ningún pasaje se acerca a esta pregunta.",
    copy="Copiar la cita",
    copied="Copiado",
    documents="Documentos",
    documents_count="Documentos: {documents} · pasajes: {passages}",
    documents_more="… y {count} más",
    no_documents="Aún no hay documentos",
    no_documents_note="Añade archivos y pregunta sobre ellos. Se guardan en esta biblioteca y no se envían a ningún otro sitio.",
    passages_count="pasajes: {count}",
    pages_count="páginas: {count}",
    added_on="añadido el {date}",
    upload="Añadir archivos",
    upload_note="{kinds}. Como máximo {size} MB por archivo y {count} archivos a la vez.",
    indexing="Leyendo {name} ({number} de {total})…",
    added="añadido",
    updated="actualizado",
    unchanged="ya estaba, sin cambios",
    failed="no añadido",
    report="Archivos procesados: {done} de {total}",
    too_many="{total} archivos son demasiados a la vez: se tomaron los primeros {count}. Añade el resto después.",
    too_large="El archivo supera {size} MB. Divídelo o añádelo en la línea de órdenes: qa add",
    failed_question="No se pudo responder a esta pregunta",
    unexpected="Algo falló en el servidor. Los detalles están en su registro; inténtalo de nuevo.",
    question_too_long="La pregunta supera los {count} caracteres. Pregunta en una o dos frases.",
    trouble_question="La pregunta está vacía. Pregunta con pocas palabras, en cualquier idioma.",
    trouble_library="No se puede leer la biblioteca. Quien la administra puede revisarla con: qa doctor",
    trouble_locked="Otro proceso está escribiendo en la biblioteca. Inténtalo dentro de un momento.",
    trouble_model="La biblioteca se hizo con un modelo distinto del que está en marcha.",
    trouble_quote="La cita difiere del documento guardado, así que no se muestra.",
    trouble_document="Este documento ya no está en la biblioteca.",
    trouble_file="No se puede leer el archivo.",
    trouble_other="El servidor no pudo hacerlo.",
)

FR = Strings(
    lang="fr",
    direction="ltr",
    name="Français",
    title="Interrogez vos documents",
    tagline="Chaque réponse est une citation : les mots mêmes du document, avec leur emplacement.",
    language="Langue",
    ask_label="Votre question",
    ask_placeholder="Posez une question dans n’importe quelle langue…",
    ask_button="Demander",
    examples="Essayez l’une de ces questions",
    searching="Recherche dans les documents…",
    you_asked="Votre question :",
    read_as="Compris comme : {question}",
    edit="Corriger",
    edit_label="Le sens de la question",
    answer="Citation",
    confidence=(
        "Répond très probablement",
        "Répond probablement",
        "Répond peut-être",
        "Incertain : vérifiez le passage",
    ),
    page="page {page}",
    others="Autres passages : {count}",
    nothing_else="Aucun autre passage ne s’en approche.",
    is_right="Est-ce juste ?",
    verdict_right="Oui",
    verdict_wrong="Non",
    expected_ask="Quelle serait la bonne réponse ? (facultatif)",
    expected_send="Envoyer",
    verdict_kept="C’est noté, merci.",
    verdict_lost="Cela n’a pas pu être noté. Réessayez.",
    not_found="Pas dans ces documents",
    not_found_note="Aucun passage ne répond avec assez de certitude.",
    nearest="Passages les plus proches (ce ne sont pas des réponses)",
    nothing_near="Aucun passage ne s’approche de cette question.",
    copy="Copier la citation",
    copied="Copié",
    documents="Documents",
    documents_count="Documents : {documents} · passages : {passages}",
    documents_more="… et {count} de plus",
    no_documents="Pas encore de documents",
    no_documents_note="Ajoutez des fichiers, puis posez vos questions. Ils restent dans cette bibliothèque et ne sont envoyés nulle part.",
    passages_count="passages : {count}",
    pages_count="pages : {count}",
    added_on="ajouté le {date}",
    upload="Ajouter des fichiers",
    upload_note="{kinds}. Au plus {size} Mo par fichier, {count} fichiers à la fois.",
    indexing="Lecture de {name} ({number} sur {total})…",
    added="ajouté",
    updated="mis à jour",
    unchanged="déjà présent, inchangé",
    failed="non ajouté",
    report="Fichiers traités : {done} sur {total}",
    too_many="{total} fichiers, c’est trop à la fois : les {count} premiers ont été pris. Ajoutez le reste ensuite.",
    too_large="Le fichier dépasse {size} Mo. Divisez-le ou ajoutez-le en ligne de commande : qa add",
    failed_question="Cette question n’a pas pu recevoir de réponse",
    unexpected="Une erreur s’est produite sur le serveur. Les détails sont dans son journal ; réessayez.",
    question_too_long="La question dépasse {count} caractères. Posez-la en une ou deux phrases.",
    trouble_question="La question est vide. Demandez en quelques mots, dans n’importe quelle langue.",
    trouble_library="La bibliothèque est illisible. La personne qui la gère peut la vérifier avec : qa doctor",
    trouble_locked="Un autre processus écrit dans la bibliothèque. Réessayez dans un instant.",
    trouble_model="La bibliothèque a été faite avec un autre modèle que celui qui fonctionne.",
    trouble_quote="La citation diffère du document enregistré ; elle n’est donc pas affichée.",
    trouble_document="Ce document n’est plus dans la bibliothèque.",
    trouble_file="Le fichier est illisible.",
    trouble_other="Le serveur n’a pas pu le faire.",
)

DE = Strings(
    lang="de",
    direction="ltr",
    name="Deutsch",
    title="Fragen Sie Ihre Dokumente",
    tagline="Jede Antwort ist ein Zitat: die Worte des Dokuments selbst, mit Fundstelle.",
    language="Sprache",
    ask_label="Ihre Frage",
    ask_placeholder="Fragen Sie in jeder Sprache…",
    ask_button="Fragen",
    examples="Zum Beispiel",
    searching="Die Dokumente werden durchsucht…",
    you_asked="Ihre Frage:",
    read_as="Gelesen als: {question}",
    edit="Ändern",
    edit_label="Wie die Frage gemeint ist",
    answer="Zitat",
    confidence=(
        "Sehr wahrscheinlich die Antwort",
        "Wahrscheinlich die Antwort",
        "Vielleicht die Antwort",
        "Unsicher: Textstelle prüfen",
    ),
    page="Seite {page}",
    others="Weitere Textstellen: {count}",
    nothing_else="Keine andere Textstelle kommt in die Nähe.",
    is_right="Stimmt das?",
    verdict_right="Ja",
    verdict_wrong="Nein",
    expected_ask="Was wäre richtig? (freiwillig)",
    expected_send="Senden",
    verdict_kept="Notiert, danke.",
    verdict_lost="Das konnte nicht notiert werden. Bitte noch einmal versuchen.",
    not_found="Nicht in diesen Dokumenten",
    not_found_note="Keine Textstelle beantwortet das sicher genug.",
    nearest="Nächstliegende Textstellen (keine Antworten)",
    nothing_near="Keine Textstelle kommt dieser Frage nahe.",
    copy="Zitat kopieren",
    copied="Kopiert",
    documents="Dokumente",
    documents_count="Dokumente: {documents} · Textstellen: {passages}",
    documents_more="… und {count} weitere",
    no_documents="Noch keine Dokumente",
    no_documents_note="Fügen Sie Dateien hinzu und fragen Sie danach. Sie bleiben in dieser Bibliothek und werden nirgendwohin gesendet.",
    passages_count="Textstellen: {count}",
    pages_count="Seiten: {count}",
    added_on="hinzugefügt am {date}",
    upload="Dateien hinzufügen",
    upload_note="{kinds}. Höchstens {size} MB je Datei, {count} Dateien auf einmal.",
    indexing="{name} wird gelesen ({number} von {total})…",
    added="hinzugefügt",
    updated="aktualisiert",
    unchanged="schon da, unverändert",
    failed="nicht hinzugefügt",
    report="Bearbeitete Dateien: {done} von {total}",
    too_many="{total} Dateien sind zu viele auf einmal: Die ersten {count} wurden genommen. Fügen Sie die übrigen danach hinzu.",
    too_large="Die Datei ist größer als {size} MB. Teilen Sie sie, oder fügen Sie sie auf der Befehlszeile hinzu: qa add",
    failed_question="Diese Frage konnte nicht beantwortet werden",
    unexpected="Auf dem Server ist etwas schiefgegangen. Einzelheiten stehen in seinem Protokoll; bitte noch einmal versuchen.",
    question_too_long="Die Frage ist länger als {count} Zeichen. Fragen Sie in ein, zwei Sätzen.",
    trouble_question="Die Frage ist leer. Fragen Sie mit wenigen Worten, in jeder Sprache.",
    trouble_library="Die Bibliothek kann nicht gelesen werden. Wer sie betreut, kann sie prüfen: qa doctor",
    trouble_locked="Gerade schreibt ein anderer Vorgang in die Bibliothek. Versuchen Sie es gleich noch einmal.",
    trouble_model="Die Bibliothek wurde mit einem anderen Modell angelegt als dem laufenden.",
    trouble_quote="Das Zitat weicht vom gespeicherten Dokument ab und wird deshalb nicht gezeigt.",
    trouble_document="Dieses Dokument ist nicht mehr in der Bibliothek.",
    trouble_file="Die Datei kann nicht gelesen werden.",
    trouble_other="Der Server konnte das nicht tun.",
)

RU = Strings(
    lang="ru",
    direction="ltr",
    name="Русский",
    title="Спросите свои документы",
    tagline="Каждый ответ — цитата: слова самого документа с указанием места.",
    language="Язык",
    ask_label="Ваш вопрос",
    ask_placeholder="Спросите на любом языке…",
    ask_button="Спросить",
    examples="Например",
    searching="Идёт поиск по документам…",
    you_asked="Ваш вопрос:",
    read_as="Понято как: {question}",
    edit="Изменить",
    edit_label="Смысл вопроса",
    answer="Цитата",
    confidence=(
        "Почти наверняка это ответ",
        "Вероятно, это ответ",
        "Возможно, это ответ",
        "Неточно: проверьте фрагмент",
    ),
    page="с. {page}",
    others="Другие фрагменты: {count}",
    nothing_else="Других близких фрагментов нет.",
    is_right="Это верно?",
    verdict_right="Да",
    verdict_wrong="Нет",
    expected_ask="Как было бы верно? (необязательно)",
    expected_send="Отправить",
    verdict_kept="Записано, спасибо.",
    verdict_lost="Записать не удалось. Попробуйте ещё раз.",
    not_found="В этих документах ответа нет",
    not_found_note="Ни один фрагмент не отвечает достаточно надёжно.",
    nearest="Ближайшие фрагменты (это не ответы)",
    nothing_near="Ни один фрагмент не близок к этому вопросу.",
    copy="Копировать цитату",
    copied="Скопировано",
    documents="Документы",
    documents_count="Документов: {documents} · фрагментов: {passages}",
    documents_more="… и ещё {count}",
    no_documents="Документов пока нет",
    no_documents_note="Добавьте файлы и спрашивайте о них. Они хранятся в этой библиотеке и никуда не отправляются.",
    passages_count="фрагментов: {count}",
    pages_count="страниц: {count}",
    added_on="добавлен {date}",
    upload="Добавить файлы",
    upload_note="{kinds}. Не более {size} МБ на файл, не более {count} файлов за раз.",
    indexing="Чтение: {name} ({number} из {total})…",
    added="добавлен",
    updated="обновлён",
    unchanged="уже есть, без изменений",
    failed="не добавлен",
    report="Обработано файлов: {done} из {total}",
    too_many="{total} файлов за раз слишком много: взяты первые {count}. Остальные добавьте следом.",
    too_large="Файл больше {size} МБ. Разделите его или добавьте в командной строке: qa add",
    failed_question="На этот вопрос ответить не удалось",
    unexpected="На сервере произошла ошибка. Подробности в его журнале; попробуйте ещё раз.",
    question_too_long="Вопрос длиннее {count} символов. Спросите в одном-двух предложениях.",
    trouble_question="Вопрос пуст. Спросите в нескольких словах на любом языке.",
    trouble_library="Библиотеку не удаётся прочитать. Её владелец может проверить её командой: qa doctor",
    trouble_locked="Сейчас в библиотеку пишет другой процесс. Попробуйте чуть позже.",
    trouble_model="Библиотека создана другой моделью, не той, что работает сейчас.",
    trouble_quote="Цитата отличается от сохранённого документа, поэтому она не показана.",
    trouble_document="Этого документа больше нет в библиотеке.",
    trouble_file="Файл не удаётся прочитать.",
    trouble_other="Сервер не смог этого сделать.",
)

AR = Strings(
    lang="ar",
    direction="rtl",
    name="العربية",
    title="اسأل مستنداتك",
    tagline="كل إجابة اقتباس: كلمات المستند نفسها مع موضعها.",
    language="اللغة",
    ask_label="سؤالك",
    ask_placeholder="اسأل بأي لغة…",
    ask_button="اسأل",
    examples="جرّب أحد هذه الأسئلة",
    searching="جارٍ البحث في المستندات…",
    you_asked="سألت:",
    read_as="فُهم هكذا: {question}",
    edit="تعديل",
    edit_label="المقصود بالسؤال",
    answer="اقتباس",
    confidence=("يجيب على الأرجح جدًا", "يجيب على الأرجح", "قد يجيب", "غير مؤكد: راجع المقطع"),
    page="صفحة {page}",
    others="مقاطع أخرى: {count}",
    nothing_else="لا يوجد مقطع آخر قريب.",
    is_right="هل هذا صحيح؟",
    verdict_right="نعم",
    verdict_wrong="لا",
    expected_ask="ما الصحيح؟ (اختياري)",
    expected_send="إرسال",
    verdict_kept="سُجّل، شكرًا.",
    verdict_lost="تعذّر التسجيل. حاول مرة أخرى.",
    not_found="ليس في هذه المستندات",
    not_found_note="لا يجيب أي مقطع بيقين كافٍ.",
    nearest="أقرب المقاطع (ليست إجابات)",
    nothing_near="لا يقترب أي مقطع من هذا السؤال.",
    copy="نسخ الاقتباس",
    copied="نُسخ",
    documents="المستندات",
    documents_count="المستندات: {documents} · المقاطع: {passages}",
    documents_more="… و{count} غيرها",
    no_documents="لا مستندات بعد",
    no_documents_note="أضف ملفات ثم اسأل عنها. تُحفظ في هذه المكتبة ولا تُرسل إلى أي مكان آخر.",
    passages_count="المقاطع: {count}",
    pages_count="الصفحات: {count}",
    added_on="أُضيف في {date}",
    upload="إضافة ملفات",
    upload_note="{kinds}. بحد أقصى {size} ميغابايت للملف و{count} ملفًا في المرة.",
    indexing="جارٍ قراءة {name} ({number} من {total})…",
    added="أُضيف",
    updated="حُدّث",
    unchanged="موجود دون تغيير",
    failed="لم يُضف",
    report="الملفات المعالجة: {done} من {total}",
    too_many="{total} ملفًا عدد كبير دفعة واحدة: أُخذت أول {count}. أضف الباقي بعدها.",
    too_large="الملف أكبر من {size} ميغابايت. قسّمه أو أضفه من سطر الأوامر: qa add",
    failed_question="تعذّرت الإجابة عن هذا السؤال",
    unexpected="حدث خطأ في الخادم. التفاصيل في سجله؛ حاول مرة أخرى.",
    question_too_long="السؤال أطول من {count} حرفًا. اسأل بجملة أو جملتين.",
    trouble_question="السؤال فارغ. اسأل ببضع كلمات بأي لغة.",
    trouble_library="تتعذّر قراءة المكتبة. يمكن لمن يديرها فحصها بالأمر: qa doctor",
    trouble_locked="تكتب عملية أخرى في المكتبة الآن. حاول بعد قليل.",
    trouble_model="أُنشئت المكتبة بنموذج غير الذي يعمل الآن.",
    trouble_quote="يختلف الاقتباس عن المستند المحفوظ، لذلك لا يُعرض.",
    trouble_document="لم يعد هذا المستند في المكتبة.",
    trouble_file="تتعذّر قراءة الملف.",
    trouble_other="لم يستطع الخادم فعل ذلك.",
)

LANGUAGES: dict[str, Strings] = {
    strings.lang: strings for strings in (EN, ZH_HANS, ZH_HANT, JA, KO, ES, FR, DE, RU, AR)
}
"""By BCP 47 tag, in the order of the switch."""

_TRADITIONAL = ("hant", "tw", "hk", "mo")
"""Scripts and regions of a Chinese tag that write traditional characters."""


def strings_of(headers: Mapping[str, str]) -> Strings:
    """Return the strings that a request with these headers is answered in: chosen on the page, or the browser's."""
    try:
        cookie = SimpleCookie(headers.get("cookie")).get(LANGUAGE_COOKIE)
    except CookieError:
        cookie = None
    return choose_strings(headers.get("accept-language"), cookie.value if cookie else "")


def choose_strings(accept_language: str | None, chosen: str = "") -> Strings:
    """Return the strings of the language ``chosen``, else of the reader's first that we have, else English.

    ``accept_language`` is the HTTP header, as ``zh-CN,zh;q=0.9,en;q=0.8`` (RFC 9110, 12.5.4).
    """
    if chosen in LANGUAGES:
        return LANGUAGES[chosen]
    known = (_known(tag) for tag in _by_preference(accept_language or ""))
    return next((LANGUAGES[lang] for lang in known if lang), EN)


def _known(tag: str) -> str:
    """Return the language of ``LANGUAGES`` for a tag in lower case; empty if there is none."""
    primary, *rest = tag.split("-")
    if primary == "zh":
        return "zh-Hant" if any(part in _TRADITIONAL for part in rest) and "hans" not in rest else "zh-Hans"
    return primary if primary in LANGUAGES else ""


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
