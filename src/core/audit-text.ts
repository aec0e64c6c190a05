/**
 * Texts of the Linux audit log (auparse, `audit_log_untrustedstring` of the kernel): one that holds a quote, a blank, a control character
 * or a byte beyond ASCII is written in hexadecimal digits, any other in quotes. Where the quotes are gone, digits that stand for such
 * a text are decoded, and `CAFE` stays what it is.
 */
const DIGITS = /^(?:[0-9A-F]{2})+$/;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export function auditText(text: string): string {
  if (!DIGITS.test(text)) return text;
  const bytes = Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
  if (!bytes.some((byte) => byte < 0x21 || byte > 0x7e || byte === 0x22)) return text;
  try {
    return utf8.decode(bytes);
  } catch {
    // TypeError: no UTF-8, so these are digits.
    return text;
  }
}

/** The arguments of `proctitle` are parted by zeros. */
export function auditTitle(text: string): string {
  return auditText(text).replaceAll('\0', ' ');
}
