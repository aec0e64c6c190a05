/** All inputs. A new one is its file, its test and one line here. */
import { fileInput } from './file.ts';
import { gelfInput } from './gelf.ts';
import { httpInput } from './http.ts';
import type { InputKind } from './input.ts';
import { jsonInput } from './json.ts';
import { stdinInput } from './stdin.ts';

export const INPUT_KINDS: readonly InputKind[] = [gelfInput, jsonInput, httpInput, fileInput, stdinInput];
