/** The part of WebAssembly that is used here: the compiler's own declarations come with the whole DOM only. */
declare namespace WebAssembly {
  interface Module {
    readonly [moduleBrand]: true
  }
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  const Module: {
    imports(module: Module): { readonly module: string; readonly name: string }[]
  }
  const Instance: new (module: Module, imports: Record<string, Record<string, unknown>>) => Instance
  const RuntimeError: ErrorConstructor
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>
}

declare const moduleBrand: unique symbol
