/** All decoders, the most particular first: the first that recognises a record takes it. */
import type { Decoder } from './decoder.ts';
import { jsonDecoder } from './json.ts';
import { textDecoder } from './text.ts';
import { windowsXmlDecoder } from './windows-xml.ts';

export const DECODERS: readonly Decoder[] = [jsonDecoder, windowsXmlDecoder, textDecoder];
