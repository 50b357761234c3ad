import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { foreignLanguage } from './language.ts'

const chapter = readFileSync(new URL('../../core/fixtures/alice-chapter-1.txt', import.meta.url), 'utf8')
const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(chapter.replaceAll('\n', ' '))]

describe('foreignLanguage', () => {
  test('takes English for English, whole and sentence by sentence', () => {
    expect(foreignLanguage(chapter)).toBeNull()
    for (const { segment } of sentences) expect(foreignLanguage(segment), segment).toBeNull()
    for (const line of chapter.split('\n')) expect(foreignLanguage(line), line).toBeNull()
  })

  test.each([
    'Hi',
    'OK',
    'Café',
    'déjà vu',
    'Los Angeles, Las Vegas, El Paso',
    'Juan de la Cruz',
    'Oscar de la Renta and Carlos de los Santos',
    'Ludwig van Beethoven and Vincent van Gogh met Leonardo da Vinci.',
    'José, François, Zoë and Søren met Jürgen.',
    'The Café de la Paix is on the Place de l’Opéra.',
    'La Traviata, Il Trovatore, La Bohème',
    'John Smith, Mary Jones, Peter Brown',
    'ABC-123-XYZ 4711',
    'SELECT * FROM users WHERE id = 1;',
    'Do re mi fa so la ti do',
    'Roses are red,\nviolets are blue',
    'Tolstoy (Толстой) wrote War and Peace.',
    'The word 猫 means cat in Japanese.',
    'He said ‘je ne sais pas’ and left.',
    "'L'homme c'est rien--l'oeuvre c'est tout,' as Gustave Flaubert wrote to George Sand.",
    'So she began again: ‘Où est ma chatte?’ which was the first sentence in her French lesson-book.',
    'Acme Corp Q3 revenue EBITDA margin',
    'Lorem ipsum dolor sit amet',
    'Bonjour',
    '',
    '12345',
    '🙂',
  ])('lets pass: %s', (text) => {
    expect(foreignLanguage(text)).toBeNull()
  })

  test.each([
    ['German', 'Der schnelle braune Fuchs springt über den faulen Hund.'],
    ['German', 'Ich bin müde.'],
    [
      'German',
      'Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen Gewalt.',
    ],
    ['French', 'Tous les êtres humains naissent libres et égaux en dignité et en droits.'],
    ['French', 'Je ne sais pas.'],
    ['Spanish', 'Todos los seres humanos nacen libres e iguales en dignidad y derechos.'],
    ['Italian', 'Mi piace molto mangiare la pizza con i miei amici la sera.'],
    ['Italian', 'Oggi vado al mercato con la mia famiglia e poi torno a casa.'],
    ['Spanish', 'Me gusta mucho comer con mis amigos por la noche.'],
    ['Portuguese', 'Eu gosto muito de comer com os meus amigos em casa.'],
    ['French', 'Demain soir, je vais manger à la maison avec mes amis.'],
    ['German', 'Heute Abend gehe ich gern mit meinen Freunden essen.'],
    ['Italian', 'Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.'],
    ['Portuguese', 'Todos os seres humanos nascem livres e iguais em dignidade e em direitos.'],
    ['Dutch', 'Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.'],
    ['Swedish', 'Jag vet inte vad det är.'],
    ['Danish', 'Jeg ved ikke hvad det er.'],
    ['Norwegian', 'Jeg vet ikke hva det er.'],
    ['Finnish', 'Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan.'],
    ['Polish', 'Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.'],
    ['Czech', 'Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.'],
    ['Hungarian', 'Minden emberi lény szabadon születik és egyenlő méltósága és joga van.'],
    ['Romanian', 'Toate ființele umane se nasc libere și egale în demnitate și în drepturi.'],
    ['Turkish', 'Bu çok güzel bir gün.'],
    ['Indonesian', 'Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama.'],
    ['Vietnamese', 'Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.'],
    ['Croatian', 'Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima, kao što je već bilo.'],
    ['Russian or another language in Cyrillic letters', 'Привет, как дела?'],
    ['Russian or another language in Cyrillic letters', 'Hello Привет'],
    ['Chinese or Japanese', '你好，世界'],
    ['Chinese or Japanese', 'Hello 世界'],
    ['Japanese', 'こんにちは世界'],
    ['Korean', '안녕하세요'],
    ['Arabic or another language in Arabic letters', 'مرحبا بالعالم'],
    ['Greek', 'Γειά σου Κόσμε'],
    ['Hebrew', 'שלום עולם'],
    ['Hindi or another language in Devanagari', 'नमस्ते दुनिया'],
    ['Thai', 'สวัสดีชาวโลก'],
    ['another language', 'ሰላም'],
  ])('knows %s: %s', (language, text) => {
    expect(foreignLanguage(text)).toBe(language)
    expect(foreignLanguage(text.normalize('NFD'))).toBe(language)
  })

  test('refuses an English text when a third of its paragraphs are in another language, not when one of many is', () => {
    const german = 'Der Hund ist nicht im Garten, sondern er schläft in der Küche auf dem Boden, und das ist auch gut.'
    const english = 'The dog is not in the garden but asleep on the floor of the kitchen, and that is good as well.'
    expect(foreignLanguage([english, german].join('\n\n'))).toBe('German')
    expect(foreignLanguage([...Array<string>(8).fill(english), german].join('\n\n'))).toBeNull()
  })

  test('takes time in proportion to the text', () => {
    for (const worst of [chapter, 'a ', 'é', '\n', '\n ', 'de la ', '世']) {
      const start = performance.now()
      foreignLanguage(worst.repeat(500_000 / worst.length))
      expect(performance.now() - start, JSON.stringify(worst.slice(0, 9))).toBeLessThan(2000)
    }
  })
})
