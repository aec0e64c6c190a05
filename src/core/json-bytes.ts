/** JSON as bytes, as it goes from thread to thread and stands in files: values that JSON gives back as they are. */

export function jsonBytes(value: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(JSON.stringify(value)));
}

/** Not checked: for what this program wrote. @throws SyntaxError */
export function readJsonBytes<T>({ buffer, byteOffset, byteLength }: Uint8Array): T {
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8')) as T;
}
