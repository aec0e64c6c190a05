/** All inputs. A new one is its file, its test and one line here. */
import { gelfInput } from './gelf.ts';
import type { InputKind } from './input.ts';
import { jsonInput } from './json.ts';

export const INPUT_KINDS: readonly InputKind[] = [gelfInput, jsonInput];
