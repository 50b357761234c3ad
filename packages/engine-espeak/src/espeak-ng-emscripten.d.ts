declare module '@echogarden/espeak-ng-emscripten' {
  interface Voice {
    /** Such as `gmw/en-US`: what `set_voice` knows it by. */
    readonly identifier: string
    readonly name: string
    /** Best first. */
    readonly languages: readonly { readonly priority: number; readonly name: string }[]
  }

  class Worker {
    list_voices(): Voice[]
    /** @returns 0, or what went wrong; then the voice before it goes on. */
    set_voice(identifier: string): number
    /** Words a minute, 80 to 450. */
    set_rate(rate: number): number
    /** 0 to 99. */
    set_pitch(pitch: number): number
    /** How lively, 0 to 99. */
    set_range(range: number): number
    /** @param callback hears 22050 samples a second; what it answers ends it when it is true. */
    synthesize(text: string, callback: (samples: Int16Array) => boolean): void
  }

  /** @param options where what it prints goes. */
  export default function init(options: {
    readonly print: (line: string) => void
    readonly printErr: (line: string) => void
  }): Promise<{ readonly eSpeakNGWorker: new () => Worker }>
}
