/** What a voice says of itself, by language. The sentences are short, and have most sounds of their language. */
const sentences: Readonly<Record<string, string>> = {
  en: 'Hello! This is how I sound. Give me a page to read, and I will take you through it, word by word.',
  de: 'Hallo! So klinge ich. Gib mir eine Seite zu lesen, und ich führe dich Wort für Wort hindurch.',
  fr: 'Bonjour ! Voici ma voix. Donnez-moi une page à lire, et je vous la dirai mot après mot.',
  es: '¡Hola! Así suena mi voz. Dame una página y te la leeré palabra por palabra.',
  it: 'Ciao! Questa è la mia voce. Dammi una pagina da leggere, e la percorreremo parola per parola.',
  pt: 'Olá! É assim que eu soo. Dê-me uma página para ler, e eu a direi palavra por palavra.',
  nl: 'Hallo! Zo klink ik. Geef me een bladzijde, en ik lees haar je woord voor woord voor.',
}

const english = 'en'

/** The sentence for a voice of this language (BCP 47), and the English one for a language that has none. */
export const previewText = (language: string): string =>
  sentences[language.toLowerCase().split('-', 1)[0] ?? english] ?? sentences[english] ?? ''
