/** What a download is called: a name for people, without directories, and with the extension of its bytes once. */
export function fileNameOf(name: string, extension: string): string {
  const flat = name.replaceAll(/[/\\]/g, '-')
  return flat.toLowerCase().endsWith(`.${extension}`) ? flat : `${flat}.${extension}`
}
