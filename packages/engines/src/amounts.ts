interface Currency {
  readonly one: string
  readonly many: string
  readonly cents: string
}

const currencies: Record<string, Currency> = {
  $: { one: 'dollar', many: 'dollars', cents: 'cents' },
  '£': { one: 'pound', many: 'pounds', cents: 'pence' },
  '€': { one: 'euro', many: 'euros', cents: 'cents' },
  '¥': { one: 'yen', many: 'yen', cents: 'sen' },
  '₹': { one: 'rupee', many: 'rupees', cents: 'paise' },
}

const amount = /([$£€¥₹])\s?(\d(?:[\d,]*\d)?)(?:\.(\d+))?(?:\s(thousand|million|billion|trillion))?/giu

/** Sums of money in English words: "$12.50" is 12 dollars 50 cents. */
export const sayAmounts = (text: string): string =>
  text.replace(amount, (_, sign: string, whole: string, cents?: string, scale?: string) =>
    sayAmount(sign, whole, cents, scale),
  )

/** The signs that stand alone, in English words. */
export const sayCurrencies = (text: string): string =>
  text.replace(/[$£€¥₹]/gu, (sign) => ` ${currencies[sign]?.many} `)

/** "$12.50" as "12.50 $": read in that order, as most languages say it. */
export const turnAmounts = (text: string): string =>
  text.replace(/([$£€¥₹])\s?(\d(?:[\d.,]*\d)?)/gu, (_, sign: string, sum: string) => `${sum} ${sign}`)

function sayAmount(sign: string, whole: string, cents: string | undefined, scale: string | undefined): string {
  const currency = currencies[sign]
  if (!currency) return `${sign}${whole}`
  const { one, many } = currency
  if (scale || (cents && cents.length !== 2)) return ` ${whole}${cents ? `.${cents}` : ''} ${scale ?? ''} ${many}`
  const spoken = ` ${whole} ${whole === '1' ? one : many}`
  return cents && cents !== '00' ? `${spoken} ${cents} ${currency.cents}` : spoken
}
