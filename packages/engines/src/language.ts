/**
 * Words so common in English, and so rare in the other languages below, that they tell English apart. The ones it
 * shares with others are left out: a, i, in, is, was, me, do, no, on, so, an, as, at, for, of, or, he, most.
 */
const english = words(
  'the and to that it with by this have from not but they you his her she what said all were when your there which ' +
    'their would been who has had my them some could out up into then than its only other about how if know because ' +
    'are be we our very did does where why these those after before through over under never always every again just ' +
    'any more much too can may might must should shall will him us down here now',
)

/** The commonest words of languages in Latin script, without those that are English words too. */
const others: Readonly<Record<string, ReadonlySet<string>>> = {
  German: words(
    'der das und ist nicht ich du sie wir ihr ein eine einen einem einer eines den dem des mit auf für von zu zum ' +
      'zur im auch sich es dass daß aber oder wie wenn noch nur bei nach aus über sind wird wurde werden haben ' +
      'hatte kann mich mir dich dir uns sein seine ihre mein meine dein kein keine schon sehr hier guten danke ' +
      'bitte wo wer bin bist gern gerne heute morgen abend immer essen gehe gehen komme kommen meinen',
  ),
  French: words(
    'le la les des un une et est dans que qui ne pas je tu il elle nous vous ils elles ce cette ces mon ma mes ta ' +
      'tes sa ses au aux du avec mais ou où sont était été avoir être fait très bien bonjour merci comme leur leurs ' +
      'si tout tous suis sans sous donc quand même peu parce aussi aime manger maison demain toujours soir amis',
  ),
  Spanish: words(
    'el los las un una unos unas que en es por para se su sus lo le al del como más pero muy tu yo ella ' +
      'nosotros ustedes ellos está están fue ser hay este esta esto eso cuando donde quien también porque sobre ' +
      'todo todos hola gracias buenos días qué cómo soy eres tengo tiene nada ya si hasta desde será la con mis me ' +
      'gusta mucho casa noche hoy mañana siempre comer amigo amigos',
  ),
  Italian: words(
    'il lo gli le un una uno di che non per sono sei siamo del della dei delle degli nel nella al alla dal ' +
      'dalla sul sulla si ci vi ma più anche io lui lei noi voi loro questo questa quello quella molto ho ha ' +
      'hai hanno perché quando dove ciao grazie buongiorno tutto tutti suo sua mio mia tuo essere stato bene con la le ' +
      'piace miei tuoi suoi mie sera casa oggi domani ancora così ogni sempre fare fatto cosa amici',
  ),
  Portuguese: words(
    'os um uma que em por com para não se seu sua seus suas ao aos da das dos na nas nos como mais mas muito eu ' +
      'ele ela nós você vocês eles elas está estão foi ser há este esta isso isto quando onde quem também porque ' +
      'sem sobre tudo todos olá obrigado obrigada bom dia meu minha meus minhas tem já até será gosto casa noite hoje ' +
      'amanhã sempre comer amigos',
  ),
  Dutch: words(
    'de het een en van ik je jij hij wij jullie zij dat niet met voor op te zijn er maar om ook als dan nog wel ' +
      'naar uit bij aan mijn haar ons hun deze dit geen heb heeft hebben wordt werd worden kan zou moet goed dank ' +
      'hallo waar wie wat hoe waarom omdat zo al tot meer zeer veel',
  ),
  Swedish: words(
    'och att det som en ett är på av för med den till inte om jag du han hon vi ni de var har hade från sig min ' +
      'din så kan ska skulle när där här eller nu bara mycket också efter vid hur vad tack hej mig dig oss någon',
  ),
  Danish: words(
    'og det som en et er på af med den til ikke om jeg du han hun vi de var har havde fra sig min din så kan skal ' +
      'skulle når der eller nu kun meget også efter ved hvad hvor tak hej mig dig os blev være',
  ),
  Norwegian: words(
    'og det som en et er på av med den til ikke om jeg du han hun vi de var har hadde fra seg min din så kan skal ' +
      'skulle når der eller nå bare mye også etter ved hva hvor takk hei meg deg oss ble være',
  ),
  Finnish: words(
    'ja ei se että hän minä sinä te oli ovat olen olet mutta kun niin kuin joka mitä myös jos tai nyt vain hyvä ' +
      'kiitos hei tämä sen ole minun sinun hänen ollut voi vielä sitten koska',
  ),
  Polish: words(
    'na nie się jest że jak ja ty ona my wy oni co ale za od po przez dla ta te tego był była było są być mnie ci ' +
      'jego jej ich już tylko czy gdy gdzie bardzo dziękuję dzień dobry proszę tak jestem może który która',
  ),
  Czech: words(
    'na ne se je že jak já ty ona my vy oni co ale za od po pro ta te byl byla bylo jsou být mě jeho její jejich ' +
      'už jen když kde velmi děkuji dobrý den prosím ano jsem může který která si',
  ),
  Hungarian: words(
    'az és hogy nem egy van volt ez de meg csak mint már én te ők ha vagy még nagyon köszönöm jó szia hol ' +
      'ki azt ezt lesz lehet kell minden után között',
  ),
  Romanian: words(
    'și în cu nu este sunt un pe din care ce că mai dar eu tu el ea noi voi ei lui lor fost pentru ca să se ' +
      'ai are foarte bine mulțumesc bună ziua unde când cum acest această sau',
  ),
  Turkish: words(
    've bir bu için ile da de ne çok ben sen biz siz onlar mi mı değil var yok gibi daha ama kadar sonra olarak ' +
      'olan şey merhaba teşekkür ederim nasıl nerede neden evet hayır bana seni',
  ),
  Indonesian: words(
    'yang dan di itu ini dengan untuk tidak dari dalam akan pada adalah saya aku kamu dia kami kita mereka ada ' +
      'juga bisa sudah belum atau karena tetapi ke oleh terima kasih selamat apa siapa bagaimana sangat orang',
  ),
  Vietnamese: words(
    'và là của có không được cho một tôi bạn anh chị em họ này đó với người trong những các đã sẽ đang rất cũng ' +
      'như khi nào đâu gì cảm ơn xin chào',
  ),
  Croatian: words(
    'na je se da ne su za od sa što kao ali ili ja ona vi oni bio bila bilo biti sam si smo ste nije kako ' +
      'gdje kada vrlo hvala dobar dan molim ovo koji koja samo već',
  ),
}

/** Scripts that no voice here reads. `weight` is about how many Latin letters say what one of its characters says. */
const scripts: readonly { readonly pattern: RegExp; readonly name: string; readonly weight: number }[] = [
  { pattern: /[\p{sc=Hira}\p{sc=Kana}]/gu, name: 'Japanese', weight: 2 },
  { pattern: /\p{sc=Hang}/gu, name: 'Korean', weight: 2 },
  { pattern: /\p{sc=Han}/gu, name: 'Chinese or Japanese', weight: 3 },
  { pattern: /\p{sc=Cyrl}/gu, name: 'Russian or another language in Cyrillic letters', weight: 1 },
  { pattern: /\p{sc=Grek}/gu, name: 'Greek', weight: 1 },
  { pattern: /\p{sc=Arab}/gu, name: 'Arabic or another language in Arabic letters', weight: 1 },
  { pattern: /\p{sc=Hebr}/gu, name: 'Hebrew', weight: 1 },
  { pattern: /\p{sc=Deva}/gu, name: 'Hindi or another language in Devanagari', weight: 1 },
  { pattern: /\p{sc=Thai}/gu, name: 'Thai', weight: 1 },
]
const notLatin = /[\p{L}--\p{sc=Latn}]/gv

/** More than this part of the letters in another script: not a name or a word quoted, but text. */
const foreignScript = 0.25
/** More than this part of the text in paragraphs of another language. */
const foreignParagraphs = 0.3

/**
 * The name of the language that a text, or a considerable part of it, is written in, when that is not English, and
 * `null` when it is or when nothing tells: names, codes, numbers and single words pass.
 */
export function foreignLanguage(text: string): string | null {
  const composed = text.normalize('NFC')
  return byScript(composed) ?? byWords(composed)
}

function byScript(text: string): string | null {
  if (text.search(notLatin) === -1) return null
  const found = scripts.map(({ pattern, name, weight }) => ({ name, letters: count(text, pattern) * weight }))
  const most = found.reduce((best, script) => (script.letters > best.letters ? script : best))
  const foreign = Math.max(count(text, notLatin), sum(found.map(({ letters }) => letters)))
  if (foreign <= foreignScript * (foreign + count(text, /\p{sc=Latn}/gu))) return null
  return most.letters > 0 ? most.name : 'another language'
}

function byWords(text: string): string | null {
  const letters = new Map<string, number>()
  let all = 0
  for (const paragraph of text.split(/\n\s*\n/u)) {
    const found = paragraph.match(/\p{L}+/gu)
    if (!found) continue
    const size = sum(found.map((word) => word.length))
    all += size
    const language = languageOf(found)
    if (language) letters.set(language, (letters.get(language) ?? 0) + size)
  }
  const [most] = [...letters].sort((a, b) => b[1] - a[1])
  return most && sum([...letters.values()]) > foreignParagraphs * all ? most[0] : null
}

/**
 * The language other than English that a paragraph is in, by its commonest words, and by accents where it has no
 * English word at all.
 */
function languageOf(paragraph: readonly string[]): string | null {
  // Los Angeles and El Paso are names; only the first word of a text is capital for another reason.
  const lower = paragraph
    .filter((word, index) => index === 0 || word === word.toLowerCase())
    .map((word) => word.toLowerCase())
  // In a list of names even "de los" is part of one.
  if (lower.length < paragraph.length / 2) return null
  const accented = lower.filter((word) => /[^a-z]/u.test(word))
  const englishWords = paragraph.filter((word) => english.has(word.toLowerCase())).length

  const hits = new Map<string, string[]>()
  for (const word of lower)
    for (const language of languagesWith.get(word) ?? []) {
      const found = hits.get(language)
      if (found) found.push(word)
      else hits.set(language, [word])
    }
  const [language, words] = [...hits].sort((a, b) => b[1].length - a[1].length)[0] ?? ['another language', []]

  const evidence = englishWords === 0 ? [...words, ...accented] : words
  const needed = englishWords > 0 && paragraph.length > 6 ? 3 : 2
  const isForeign =
    new Set(evidence).size >= needed && evidence.length >= 0.12 * paragraph.length && evidence.length > 3 * englishWords
  return isForeign ? language : null
}

const languagesWith = new Map<string, string[]>()
for (const [language, list] of Object.entries(others))
  for (const word of list) languagesWith.set(word, [...(languagesWith.get(word) ?? []), language])

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '))
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
