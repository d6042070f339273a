"""How often letters and characters occur in a language: what tells one legacy encoding from another.

Each string lists what a language is written with, the commonest first (counted on some 15,000 sentences a
language of the training data; Slovak, Croatian, Slovene, Icelandic, Latvian and Lithuanian set by hand).
"""

from __future__ import annotations

ALPHABETS = {
    "en": "etaoinsrhldmucgwypfbkvjxzq",
    "fr": "esantuiroldcmpévqfhbgjàxèyzêçkôâwîùûœïë",
    "de": "enirtsahdulmcgobfwkzpvüäöjßyx",
    "es": "eaonsriltducmpbghvqyfóíájézñúxkwü",
    "it": "aeiontrlscdumpvghfbzqèàyòkwùìéjx",
    "pt": "aeosrmnduitclphvgbfqãáçjézêxíókúõywàâô",
    "nl": "enaitrodslghmkvujwbpczfyëxéïqèóö",
    "sv": "aetrnisdlogmkvähupfåöjbcywxzéq",
    "da": "ertnadislogmkvhfubpjåøæycwzxéq",
    "no": "ertnsailodgkmvfpubhåjøycæwxzéq",
    "fi": "aitneslokuämrvhpjydögbcfwzxq",
    "pl": "aieoznrwstycmdpkjulłbgęhążóśćfńźvxq",
    "cs": "eoantsilvdrkmuípchájzbyěžéřčýšůfgúwxňóťďq",
    "hu": "eatnlskoizmrgáéydbvhjupöófőcüíúűwxqč",
    "ro": "eairtnulcosdpmăfvîbțșgzâhjxkywţş",
    "tr": "aeinrlıdkmtyuosbüşzgçhğcvpöfjwâxq",
    "et": "aiestlunokdrmvgjphäõbüöfcyzwšq",
    "is": "anriestuðglmkhfvoáþíybdójúpæöýéxcwqz",
    "sk": "aoeintrsvlkdmcpuyhjábzčíéžýšľťúôňďóäxwŕqĺ",
    "hr": "aieonrstjkvudmplgzbhščžćđfcywxq",
    "sl": "eainorstlvjkdpmuzbghčcšžfywxq",
    "lv": "aisterunokmdlpāvjzīgcēbšfņūļķžčhģxwqy",
    "lt": "iasoretnukmlpdvjgėbyšžųząūįčęcfhxwq",
    "ru": "оеаинтсрвлкмдпуыябгзьчйжхюшцэщфёъ",
    "uk": "оаниітверкслдумпязьбчгйюхжцєшїщфґ",
    "bg": "аеоитнсрвдмклпзяъбгчужшщйхцфюьѝ",
    "el": "αοτεινσρμπκηυςίλάέόδγωήθχύφώβζξψϊΐ",
    "he": "יוהלאתרמבשנםעדחכקפסטגזצןךףץ",
    "ar": "اليمرنتوبعةفدسأقكجهحصشىطخضزإذثءغ\u064bئ\u0651ظ\u064fآ\u064eؤ\u0650\u064c\u0652\u064dـ",
    "fa": "ایردنهومتبسکشلزفگخعقجحپآطصچضغظثذژئ\u064bأي\u0654كؤ\u0650ءـ\u0651",
    "th": "าน\u0e48รอกเง\u0e31\u0e49ม\u0e35วยลดทคหสบะ\u0e34ตขปแจ"
    "ไใ\u0e39\u0e37พช\u0e38\u0e47\u0e4cำโผ\u0e36ถณฉซธศญภษฟฐๆฝฤฮฏ\u0e4aฆฯฎ\u0e4b\u0e4dฒฬฑ",
    "vi": "nahit\u0301cg\u0300\u0323oôuêmđ\u0309ươâyrbl\u0303vksepădqxwfjz",
}
"""Alphabets in lower case; Vietnamese with its tone marks apart, as windows-1258 writes it."""

CHARACTERS = {
    "zh": (
        "的一在我是个有了们这人和你不他中以上为会到国可要大来能时对年用行子发里所些多生地出如于后下家就作过着"
        "方成么分很动得将它说看自面法现那其事学数好者最也想前果道但间小表因特同新加她工并斯公而定开机与天进正"
        "之物当种日经做关色或员部被去性都然起主理使更提利只美通没本意合名实点全重还比两常从样力什问计示此情车"
        "第据高月次业相体制应女手场知量明度议何题心西位已图克长该球需系尔外任把期信区内目入民向给非产设电及式"
        "政品保联程展变化结市接解让持件务基建三平布回文感金受报组包别放等安认无周姆项例确吗每水类统活总孩拉己"
        "病片代头交管决队亚告像男格资海话标教德运供指打型马门取试带选助世空真论器由身您界约单路英至际术影条共"
        "近候书直十始记网边视支许司息立口科今二价强线儿汤服导流模战几处房少见社测习东白再完欢消值张请称户望字"
        "领达创具照查语喜击商原赛技求显希反各走参必风游注太集调士观快列造且算步续传形复投研花收离言觉客爱气节"
        "站星帮台究另装罗演四费尼备证括案况准首义兰先推难室够卡致院象越团改构课举元考权音增黑控治施普响阿未巴"
        "号景找转容老警质买即获乐住根规维军师预引失效局易友晚专万命群州食五验识采府办须板写拿南护火织境随山穿"
        "存划检往光评素吃北率母企整诉死级哪角毒切福早购料怎吧足委酒速洲则米轻林土份域围神协红功威城除才错背印"
        "防飞谈声听清争纳终坐源细呢状察满似较广置层远讲尽止环某段热夫党移频亲块架排岁适否干超低餐欧奥极待配密"
        "留旅互树兴故深画便继读态官辆校济思策责精断跟落医众连朋序核染迪玩析念伊播票园险半历免狗练戏仅街监独店"
        "停华微输索限托趣六择木附脑乎博塔执势育哈座假降居眼丽简牌宣讨令属波冲谁桌馆差朗石武充激虑這拍述伤码双"
    ),
    "zh_hant": (
        "的國年在為一中大是人和有了以於地後成時學民不會日之主與政軍上發部行月南斯西個其多而來到區世法方自東對"
        "出分戰這生他北用及家公經由被代也最作立同要並文建市名開等利動期高第都爾教外亞本海長重內所此因機德統位"
        "過馬現使共下可美力前度業進得羅但特新府稱州產三至定當克加理全化治拉聯次將入物帝工合間元城通體制電能事"
        "面種十子山二平權華相義路性王朝總界古數史兩員議設明任黨天島然基量達式領原者道約語關球著里從紀心院改始"
        "士正比金或水布起英族安實科表就則系省小展如口灣河各車尼些常縣提隊阿四運星直保組認傳選接向蘭計交受爭巴"
        "們臺說場務港土流屬濟漢江結台首已萬太少包無林影持反賽維形線廣書變意導洲決造資社格皇更蒙還術管司歐命空"
        "蘇字舉校條局張際擊取清帶近類宗派該居陸普許武五據商兵韓目別程歷解視處即源納支品官它氣規括曾郵米點集非"
        "攻卡殺境團票鐵強論很印門較劉報奧先京邦又易光早且威沒活圖除列指收石香風放亦言率型應夫獨初獲只繼域質研"
        "級信手構再號委隨根宣周色功仍福回俄轉續神響失衛參置革速增農專題興劃連未件究修女去龍令網伊今波群越致宋"
        "占記往製邊完演極求央倫敗另均存問例引器具單段眾勢標推果整聲略協溫築防織積藝觀八希飛投離給逐技盟裝每身"
        "堡創九督復樂低示幾護層六陽終模魯白環塞百辦育半情伯李圍死承木調落移哈見遠聖控思策師音職慶丁降站托吉典"
        "黑止必恩片密樣破需僅沙服頭施君汗森知轄佛好埃抗坦步火角便依才洛份薩營鎮採打航象超七住親雖突想足階守容"
        "漸版洋烈備那雷批滿擁兒拜細恆像郡把雙察園鄭艦祖塔幣候遊曼效鮮客供己勝奇態席射嚴遷封熱庫案斷哥黃項湖登"
        "宮般烏卻季唐負麗館律消勒鬥諾責壓精料何餘範排銀憲顯廷狀係富話考讓查亡載詞千真畫故紅證獎費田裡滅確測訊"
    ),
    "ja": (
        "のはいにたしてでをするなとがまかこっーれうらもりあく彼だそンんきトよスさ私つけルどえイッちラリせアめ"
        "ムクおタ行女人ド日分わやデば見事一出シみフ時プょコレテ大何ロ間本メろジ言べィグ的数方話手合上要じ最中"
        "思会バ生学今来年前パカニ関入マ実用自知定気ュ使ビ場子語ね物チ問キず力理オサ後ャ動下金持書家者ほ同部明"
        "ズ食ブウ国目君対計全度へ題ご業ョ意必ケ新法変作発回取セ車値考多ベ当性げ達ェ初解通ネ少成好ゴゃナ利ダ以"
        "仕体化次び結長正ソ良ミモ例現エ高月ワ立ボ向決機小ぐ列品社ピ電重ポ我聞名起表教確地外強感画先開無説誰引"
        "心能味得切買僕所加習単不二供読文価違親客選番予常報素他面点期父連調近続受楽代終果待際別義ツ付着む非主"
        "ぶ信帰始母資約議算ぎ転ノ特週ペ内試呼ハ質屋経可音率働記様返直英昨世降集認置ギ曜悪道験有友形ガ伝ォ配故"
        "情速顧示析運早戦市料ぜ売式乗注告水ひ測住校在急皆務産異込基界勉過線死ァ夜適員朝身難位真万氏元収遅相ザ"
        "論与支商活益量平払字提然助紙づ歩離応類送構設役病指限ゆ雨由再野減求足色保十答白両費口止覚ホ安組反毎風"
        "格借ゲ店規失公ヒぞ述半落想空種第男接影制飲和美簡企存差投状製交段命負政件仮進残術医側比割貸映識ユ束効"
        "赤休興探山準駅木声民旅東ぼ係健座原掛息技緒個警争図功ざ統戻増任査似具複追等断婚午深歳念勝族広判訳営像"
        "共土海天師済布欲散察院備流寝響検処歌装局視犬愛張京含笑葉消雑完治型三去移講右標案各古飛観夕容振放細授"
    ),
    "ko": (
        "다이는에을고의가은지하어한니를로그서있사기했리들아해인시라나자스대일도것수습부국으게전보주정제었요상"
        "말과미우장만마위할야원러적무톰내여오와신안트명거비유동구중경관문세면생드공소성당간선않회난모바되며람"
        "계화입조발치르프진없터행방용영려통년때운저개실았된더교학후까연재합두크분타달매레버번음결물너알체금데"
        "포호단현파밝건남피역작네차던반속날식노히많각표카같테혔직좋예불배언월심받약출법린래코살디외른산민올집"
        "감강랑최브키메업력점변질씨워처였베토본열걸찰격함령북군항록독양란종녀루임돌될설담됐새망책폭근든태싶늘"
        "증겠편청못등확따티또권럼판투총추승울급친잘줄견런존누필졌석술복머침협름케먹목쓰애준박절웨렸악론몇왔페"
        "럽초료험슨져퍼즈락능께볼길평났련느탄뉴참갈병혼광턴림십활움억백족막곳랜환앞쪽쟁엘온착향립별클황측형택"
        "품색패천류렇슬죽욕커찾핵송축팔얼답밀특캐객큰끝충잡검째긴갔떤엔님골붙탈규징겨손몰빠밤맞뒤왜허채츠냈눈"
    ),
}
"""Chinese in simplified and traditional characters, Japanese, Korean."""

WORDS = {
    "en": "the a to in of i and you is on that t it with s for he are was at this have his be",
    "fr": "de un la le une à je est l que en d pas il et les des a vous ne dans ce tu sur",
    "de": "die der ich und in ein das ist zu nicht sie auf mit eine den es von er einem du sich dass im an",
    "es": "de la en que el a un no una y los es se con por las para del su está me lo al él",
    "it": "di il la è che e un a non in ha per l una del i le della si sono con nel come da",
    "pt": "de um uma em a e o com que na do no da por se não são à os as mais como foi é ao",
    "nl": "de het een van ik is in en dat je te niet zijn hij op voor was ze met als om heeft aan die",
    "sv": "jag att är det i en inte på och du för har han som med till av var den om vi de kan ett",
    "da": "er i at jeg en det ikke og har på til for du han af med der et den de var kan som vi",
    "no": "i og av til som det er en på for å med at den har han ble de var fra et ikke om men",
    "fi": "ja on että hän ei oli se kun ovat ole mutta joka mukaan sen hänen kuin myös sanoi n tämä en",
    "pl": "w nie się na z i że do to jest o jak po co czy za a od przez powiedział ma tym tego dla",
    "cs": "v a na se s je že to z ve si o do po pro za k ale který jako jsem jsou jsme když",
    "hu": "a az nem hogy és egy is van ez meg volt azt el kell már még mint ha ki vagy de csak ezt szerint",
    "ro": "de a în şi și la din să o cu au nu este un mai pe care fost pentru se că ce sunt lui ca",
    "tr": "bir ve bu için da i o de daha çok var ne ben un ile olarak kadar onu olan olduğunu her iyi nin en",
    "et": "ja on ning ka oli et mis kui kuid ei pärast selle olid oma sai tema ta või see seda kõik",
    "vi": "tôi không năm trên như trong cho anh ra con hai khi tháng sau tham gia theo nam thay qua",
    "is": "og að í á er sem til um við var með ekki en fyrir hann það af því hún ég þú voru hafa",
    "sk": "a v na sa je že s o z do to aj ako za pre po si ktorý ktoré ale sú od bol však",
    "hr": "i u je se na da su za od s a o koji koja što kao nije iz bi ali će po do",
    "sl": "je in v na se da so za z ki bi pa tudi ne s od o po kot še že ni bil kar",
    "lv": "un ir no ar par kas tika uz bija kā lai arī vai pēc gadā ka viņš to tā es ne šī",
    "lt": "ir yra į kad iš su buvo kaip bet už tai apie ar po jis savo nuo būti prie dėl ne metais taip aš",
}
"""The commonest words of the languages written in Latin letters."""
