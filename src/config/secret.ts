/**
 * Secrets by reference: the configuration names the environment variable or the file that holds one, so that neither the file nor a dump of
 * the configuration ever has it. Resolved where it is used, each time anew: a rotated secret needs no restart.
 */
import { readFileSync } from 'node:fs';
import Type from 'typebox';

export interface SecretReference {
  readonly env?: string;
  readonly file?: string;
}

export const secretReference = Type.Object(
  {
    env: Type.Optional(Type.String({ minLength: 1, description: 'environment variable that holds the secret' })),
    file: Type.Optional(Type.String({ minLength: 1, description: 'file whose first line is the secret' })),
  },
  { additionalProperties: false, description: 'where the secret is: a variable or a file' },
);

/** The secret that a reference names, or undefined when there is none. Throws with the name, never with the contents. */
export function resolveSecret(reference: SecretReference | undefined): string | undefined {
  if (reference?.env !== undefined) {
    const value = process.env[reference.env];
    if (value === undefined || value === '') throw new Error(`environment variable "${reference.env}" is not set`);
    return value;
  }
  return reference?.file === undefined ? undefined : (readFileSync(reference.file, 'utf8').split('\n')[0] ?? '').trim();
}
