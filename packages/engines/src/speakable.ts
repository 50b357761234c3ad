const speakable = /[\p{L}\p{N}]/u

/** Whether there is something in a text that would be a word in some language: models make one up where there is none. */
export const isSpeakable = (text: string): boolean => speakable.test(text)
