/** What a person states when they consent, in one language. */
export interface Statement {
  /** What is agreed to. */
  readonly text: string
  /** What to read aloud, for who records it: `{words}` stands for words that are made anew each time. */
  readonly phrase: string
  /** 32 words that are easily read and told apart. */
  readonly words: readonly string[]
}

export const consentLocales = ['en', 'de', 'fr', 'es', 'it', 'pt'] as const
export type ConsentLocale = (typeof consentLocales)[number]

/**
 * Every version there ever was, by the day from which it was the one to agree to, oldest first. One that somebody may have
 * agreed to is never changed: a better wording is another version.
 */
const versions: readonly [version: string, statements: Readonly<Record<ConsentLocale, Statement>>][] = [
  [
    '2026-11-22',
    {
      en: {
        text:
          'Each of these recordings holds my own voice, or the voice of one person who knows what this is for and has expressly and freely allowed me to have their voice copied. ' +
          'I agree, and where it is another person’s voice that person agrees, that the recordings are stored and processed in order to make a synthetic copy of the voice, and that this copy speaks the texts that I give it. ' +
          'I will not deceive anyone with it, will not pass it off as a genuine recording, and will put no words into this person’s mouth that they have not agreed to or that the law forbids. ' +
          'I know that this consent can be revoked at any time and without a reason. From that moment the copy no longer speaks, and the recordings it was made from are deleted; what it has spoken before is not affected.',
        phrase: 'I allow a synthetic copy of my voice to be made and used with Loqui. My words for this are: {words}.',
        words: words(
          'amber anchor apple autumn basket bridge candle castle cherry copper dragon eagle feather forest garden harbor island jacket kettle ladder marble meadow mirror orange pepper pillow river saddle silver thunder velvet window',
        ),
      },
      de: {
        text:
          'Jede dieser Aufnahmen enthält meine eigene Stimme oder die Stimme einer einzelnen Person, die weiß, wofür sie verwendet wird, und die mir ausdrücklich und freiwillig erlaubt hat, ihre Stimme nachbilden zu lassen. ' +
          'Ich willige ein, und sofern es die Stimme einer anderen Person ist, willigt diese Person ein, dass die Aufnahmen gespeichert und verarbeitet werden, um eine synthetische Nachbildung der Stimme herzustellen, und dass diese Nachbildung die Texte spricht, die ich ihr gebe. ' +
          'Ich werde damit niemanden täuschen, sie nicht als echte Aufnahme ausgeben und dieser Person keine Worte in den Mund legen, denen sie nicht zugestimmt hat oder die das Recht verbietet. ' +
          'Ich weiß, dass diese Einwilligung jederzeit und ohne Angabe von Gründen widerrufen werden kann. Von diesem Moment an spricht die Nachbildung nicht mehr, und die Aufnahmen, aus denen sie entstanden ist, werden gelöscht; was sie vorher gesprochen hat, bleibt davon unberührt.',
        phrase:
          'Ich erlaube, dass eine synthetische Nachbildung meiner Stimme mit Loqui hergestellt und verwendet wird. Meine Wörter dafür sind: {words}.',
        words: words(
          'Anker Apfel Birne Blume Brücke Donner Drache Eimer Feder Fenster Garten Hafen Hammer Insel Kerze Kirsche Koffer Kupfer Leiter Mantel Marmor Orange Pfeffer Regen Sattel Schloss Silber Sommer Spiegel Teller Wiese Wolke',
        ),
      },
      fr: {
        text:
          'Chacun de ces enregistrements contient ma propre voix, ou celle d’une seule personne qui sait à quoi il servira et qui m’a expressément et librement autorisé à faire reproduire sa voix. ' +
          'J’accepte, et s’il s’agit de la voix d’une autre personne celle-ci accepte, que les enregistrements soient conservés et traités afin de créer une copie synthétique de la voix, et que cette copie prononce les textes que je lui donne. ' +
          'Je ne m’en servirai pour tromper personne, je ne la ferai pas passer pour un enregistrement authentique, et je ne prêterai à cette personne aucun propos qu’elle n’a pas accepté ou que la loi interdit. ' +
          'Je sais que ce consentement peut être retiré à tout moment et sans motif. Dès lors la copie ne parle plus, et les enregistrements dont elle est issue sont supprimés ; ce qu’elle a prononcé auparavant n’est pas concerné.',
        phrase:
          'J’autorise la création d’une copie synthétique de ma voix et son utilisation avec Loqui. Mes mots pour cela sont : {words}.',
        words: words(
          'abeille ancre argent avion bateau bougie bouton cerise château cheval chemin citron colline cuivre dragon échelle fenêtre forêt fleur fromage jardin jupon lampe marbre miroir montagne nuage orange panier poivre rivière tonnerre',
        ),
      },
      es: {
        text:
          'Cada una de estas grabaciones contiene mi propia voz, o la voz de una sola persona que sabe para qué se usará y que me ha permitido de forma expresa y libre que se copie su voz. ' +
          'Acepto, y si la voz es de otra persona esta acepta, que las grabaciones se guarden y se traten con el fin de crear una copia sintética de la voz, y que esa copia pronuncie los textos que yo le dé. ' +
          'No engañaré a nadie con ella, no la haré pasar por una grabación auténtica y no pondré en boca de esa persona palabras que no haya aceptado o que la ley prohíba. ' +
          'Sé que este consentimiento puede retirarse en cualquier momento y sin dar motivos. Desde entonces la copia deja de hablar y se borran las grabaciones de las que se hizo; lo que haya dicho antes no se ve afectado.',
        phrase:
          'Permito que se cree una copia sintética de mi voz y que se use con Loqui. Mis palabras para ello son: {words}.',
        words: words(
          'abeja ancla árbol barco botella bosque camisa campana castillo cereza ciruela cobre dragón escalera espejo flauta fuego jardín lámpara limón mármol montaña naranja nube pimienta plata puente río sombrero tambor trueno ventana',
        ),
      },
      it: {
        text:
          'Ciascuna di queste registrazioni contiene la mia voce, oppure la voce di una sola persona che sa a che cosa serve e che mi ha permesso espressamente e liberamente di far riprodurre la sua voce. ' +
          'Acconsento, e se la voce è di un’altra persona questa acconsente, che le registrazioni siano conservate e trattate per creare una copia sintetica della voce e che questa copia pronunci i testi che le affido. ' +
          'Non la userò per ingannare nessuno, non la farò passare per una registrazione autentica e non attribuirò a questa persona parole che non ha approvato o che la legge vieta. ' +
          'So che questo consenso può essere revocato in ogni momento e senza motivo. Da allora la copia non parla più e le registrazioni da cui è stata tratta vengono cancellate; ciò che ha pronunciato prima resta invariato.',
        phrase:
          'Permetto che sia creata una copia sintetica della mia voce e che sia usata con Loqui. Le mie parole per questo sono: {words}.',
        words: words(
          'albero ancora arancia argento barca bosco bottone camino campana candela castello ciliegia collina drago farfalla finestra fiume fiore giardino lampada limone marmo montagna nuvola pepe ponte rame sella specchio tamburo tuono velluto',
        ),
      },
      pt: {
        text:
          'Cada uma destas gravações contém a minha própria voz, ou a voz de uma única pessoa que sabe para que ela serve e que me permitiu, de forma expressa e livre, mandar copiar a sua voz. ' +
          'Aceito, e se a voz for de outra pessoa esta aceita, que as gravações sejam guardadas e tratadas para criar uma cópia sintética da voz, e que essa cópia diga os textos que eu lhe der. ' +
          'Não enganarei ninguém com ela, não a farei passar por uma gravação autêntica e não porei na boca dessa pessoa palavras que ela não tenha aceitado ou que a lei proíba. ' +
          'Sei que este consentimento pode ser retirado a qualquer momento e sem motivo. A partir daí a cópia deixa de falar, e as gravações de que foi feita são apagadas; o que ela disse antes não é afetado.',
        phrase:
          'Permito que seja criada uma cópia sintética da minha voz e que seja usada com o Loqui. As minhas palavras para isso são: {words}.',
        words: words(
          'abelha âncora árvore barco bosque botão camisa castelo cavalo cereja cobre colina dragão escada espelho flauta flor garrafa janela jardim laranja limão mármore montanha nuvem pimenta ponte prata rio sino tambor trovão',
        ),
      },
    },
  ],
]

function words(list: string): readonly string[] {
  return list.split(' ')
}

/** The version to agree to now. */
export const currentVersion = versions.at(-1)?.[0] ?? ''

/** Every version, oldest first. */
export const consentVersions: readonly string[] = versions.map(([version]) => version)

/** What was stated in a version and a language; `undefined` where there is no such version or language. */
export const findStatement = (version: string, locale: string): Statement | undefined =>
  versions.find(([each]) => each === version)?.[1][locale as ConsentLocale]

/** The language of ours that a BCP 47 tag asks for, such as `de` for `de-AT`. */
export const findLocale = (tag: string): ConsentLocale | undefined =>
  consentLocales.find((locale) => locale === tag.toLowerCase().split('-', 1)[0])
