/** What Chatterbox Multilingual speaks, by ISO 639-1. */
export const languages: readonly string[] =
  'ar da de el en es fi fr he hi it ja ko ms nl no pl pt ru sv sw tr zh'.split(' ')
