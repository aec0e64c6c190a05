/** Finds and compiles a kernel: beside this file in the built package, in `build/` when run from the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `(module (func (drop (v128.const …))))`: valid only where the processor and the runtime know SIMD. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 26, 11,
]);

export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

/** Compiled in this thread: scanners are made while events flow, too. */
const compiled = new Map<string, WebAssembly.Module>();

/** Compiles `name`.wasm, once; throws when the package is incomplete. */
export function kernelModule(name: 'indicator' | 'literal' | 'sieve'): WebAssembly.Module {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const built = fileURLToPath(new URL(`./${name}.wasm`, import.meta.url));
  const path = existsSync(built) ? built : fileURLToPath(new URL(`../../build/${name}.wasm`, import.meta.url));
  const made = new WebAssembly.Module(readFileSync(path));
  compiled.set(name, made);
  return made;
}
