/** All modifiers, one line each. */
import { all } from './all.ts';
import { base64 } from './base64.ts';
import { base64offset } from './base64offset.ts';
import { cased } from './cased.ts';
import { cidr } from './cidr.ts';
import { contains } from './contains.ts';
import { day } from './day.ts';
import { endswith } from './endswith.ts';
import { exists } from './exists.ts';
import { expand } from './expand.ts';
import { fieldref } from './fieldref.ts';
import { gt } from './gt.ts';
import { gte } from './gte.ts';
import { hour } from './hour.ts';
import { i } from './i.ts';
import { lt } from './lt.ts';
import { lte } from './lte.ts';
import { m } from './m.ts';
import { minute } from './minute.ts';
import type { Modifier } from './modifier.ts';
import { month } from './month.ts';
import { neq } from './neq.ts';
import { re } from './re.ts';
import { s } from './s.ts';
import { startswith } from './startswith.ts';
import { utf16 } from './utf16.ts';
import { utf16be } from './utf16be.ts';
import { week } from './week.ts';
import { wide } from './wide.ts';
import { windash } from './windash.ts';
import { year } from './year.ts';

export const MODIFIERS: readonly Modifier[] = [
  contains,
  startswith,
  endswith,
  all,
  cased,
  exists,
  neq,
  re,
  i,
  m,
  s,
  cidr,
  gt,
  gte,
  lt,
  lte,
  base64,
  base64offset,
  wide,
  utf16be,
  utf16,
  windash,
  expand,
  fieldref,
  minute,
  hour,
  day,
  week,
  month,
  year,
];

/** By name and alias. */
export const MODIFIER_BY_NAME: ReadonlyMap<string, Modifier> = new Map(
  MODIFIERS.flatMap((modifier) =>
    [modifier.name, ...(modifier.aliases ?? [])].map((name) => [name, modifier] as const),
  ),
);
