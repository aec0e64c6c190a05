/**
 * Addresses in SQL: each text that is an address or network becomes `4` or `6`, its bits as hexadecimal digits, and its length as
 * `/ddd`: `4c0a80101/032`. Then lying in a network is comparing a prefix of digits, one digit by its upper bits, and the length.
 * Both engines build this text in four steps (the parser of `core/ip-address.ts`, spelled out); the comparison is the same SQL in both.
 */
import type { IpNetwork } from '../../core/ip-address.ts';
import type { SqlDialect } from './sql-dialect.ts';

/** For an element `v` of the list of addresses. */
export function networkCondition({ family, groups, bits }: IpNetwork): string {
  const digits = groups.map((group) => group.toString(16).padStart(4, '0')).join('');
  const whole = Math.floor(bits / 4);
  const prefix = `${family}${digits.slice(0, whole)}`;
  const conditions = [`substr(v, 1, ${prefix.length}) = '${prefix}'`];
  const extra = bits % 4;
  if (extra > 0) {
    const upper = Number.parseInt(digits[whole] as string, 16) >> (4 - extra);
    const allowed = Array.from({ length: 16 }, (_none, digit) => digit).filter(
      (digit) => digit >> (4 - extra) === upper,
    );
    const list = allowed.map((digit) => `'${digit.toString(16)}'`).join(', ');
    conditions.push(`substr(v, ${prefix.length + 1}, 1) IN (${list})`);
  }
  conditions.push(`right(v, 3) >= '${String(bits).padStart(3, '0')}'`);
  return conditions.join(' AND ');
}

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const QUAD = `${OCTET}[.]${OCTET}[.]${OCTET}[.]${OCTET}`;
const LENGTH = '(?:/[0-9]{1,3})?';
const GROUP = '[0-9a-fA-F]{1,4}';
const GROUPS = `(?:${GROUP}(?::${GROUP})*)?`;

/** One of the steps from a list of texts to the list of addresses and networks in it; each takes what the one before gives. */
export function addressStep(
  dialect: SqlDialect,
  name: `flint_addresses_${1 | 2 | 3 | 4}`,
): (previous: string) => string {
  return addressSteps(dialect)[Number(name.at(-1)) - 1] ?? ((list) => list);
}

export const ADDRESS_STEPS = [
  'flint_addresses_1',
  'flint_addresses_2',
  'flint_addresses_3',
  'flint_addresses_4',
] as const;

function addressSteps(dialect: SqlDialect): readonly ((previous: string) => string)[] {
  const { filter, map, fits, extract } = dialect;
  const part = (text: string, separator: string, index: number): string =>
    `split_part(${text}, '${separator}', ${index})`;
  return [
    // 1. What may be one: brackets and zone taken off, the length kept. Only IPv6 has those.
    (texts) => {
      const plain = filter(texts, 'v', fits('v', QUAD + LENGTH));
      const body = (text: string): string =>
        `concat(${extract(text, `^\\[?([0-9a-fA-F:.]*:[0-9a-fA-F:.]*)`)}, ${extract(text, '(/[0-9]{1,3})$')})`;
      const long = filter(
        texts,
        'v',
        `${fits('v', `[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[^/]*)?${LENGTH}`)} OR ${fits('v', `\\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[^/]*)?\\]${LENGTH}`)}`,
      );
      return dialect.concatLists([plain, map(long, 'v', body('v'))]);
    },
    // 2. A quad becomes hexadecimal: all of IPv4, the end of an IPv6 address.
    (previous) => {
      const quad = extract('v', `(?:^|:)(${QUAD})${LENGTH}$`);
      const bytes = [1, 2, 3, 4].map((index) => dialect.hexByte(part(quad, '.', index)));
      const hex = `concat(${bytes.join(', ')})`;
      const groups = `concat(${bytes[0]}, ${bytes[1]}, ':', ${bytes[2]}, ${bytes[3]})`;
      const length = extract('v', '(/[0-9]{1,3})$');
      const six = `concat(${extract('v', `^([0-9a-fA-F:]*:)${QUAD}${LENGTH}$`)}, ${groups}, ${length})`;
      return map(
        previous,
        'v',
        `CASE WHEN ${quad} = '' THEN v WHEN ${fits('v', QUAD + LENGTH)} THEN concat('4', ${hex}, ${length}) ELSE ${six} END`,
      );
    },
    // 3. Groups of IPv6 are written out, `::` as the zeros it stands for.
    (previous) => {
      const isShort = fits('v', `${GROUPS}::${GROUPS}${LENGTH}`);
      const isFull = fits('v', `(?:${GROUP}:){7}${GROUP}${LENGTH}`);
      const digits = (text: string): string =>
        dialect.joinList(
          map(dialect.splitList(text, ':'), 'g', "CASE WHEN g = '' THEN '' ELSE lpad(lower(g), 4, '0') END"),
        );
      const address = part('v', '/', 1);
      const [head, tail] = [digits(part(address, '::', 1)), digits(part(address, '::', 2))];
      const zeros = `repeat('0', 32 - length(${head}) - length(${tail}))`;
      const length = extract('v', '(/[0-9]{1,3})$');
      const written = `CASE WHEN left(v, 1) = '4' AND ${fits('v', `4[0-9a-f]{8}${LENGTH}`)} THEN v WHEN ${isFull} THEN concat('6', ${digits(address)}, ${length}) WHEN ${isShort} AND length(${head}) + length(${tail}) <= 28 THEN concat('6', ${head}, ${zeros}, ${tail}, ${length}) END`;
      return filter(map(previous, 'v', written), 'v', 'v IS NOT NULL');
    },
    // 4. IPv4 inside IPv6 is IPv4, and the length becomes three digits: that of a single address is the full one.
    (previous) => {
      const written = extract('v', '/([0-9]{1,3})$');
      const mapped = fits('v', `6${'0'.repeat(20)}ffff[0-9a-f]{8}${LENGTH}`);
      const bits = (full: number, less: number): string =>
        `CASE WHEN ${written} = '' THEN ${full} ELSE CAST(concat('0', ${written}) AS INT) - ${less} END`;
      const three = (full: number, less: number): string => {
        const value = bits(full, less);
        return `CASE WHEN ${value} BETWEEN 0 AND ${full} THEN lpad(CAST(${value} AS VARCHAR(11)), 3, '0') END`;
      };
      const result = `CASE WHEN ${mapped} THEN concat('4', substr(v, 26, 8), '/' || ${three(32, 96)}) WHEN left(v, 1) = '4' THEN concat(substr(v, 1, 9), '/' || ${three(32, 0)}) ELSE concat(substr(v, 1, 33), '/' || ${three(128, 0)}) END`;
      return filter(map(previous, 'v', result), 'v', `${fits('v', '[46][0-9a-f]+/[0-9]{3}')}`);
    },
  ];
}
