/** What kind an entry of a list is, by its look alone. Kinds that have no look (mutex, user agent, text) are never guessed. */
import { canonicalHash, type IndicatorValue, indicatorValue } from '../../core/indicator-value.ts';
import { hasKnownTopLevel } from './public-suffix.ts';

/** Last parts that make a name a file's, when they are no top-level domain. */
const FILE_EXTENSIONS =
  /\.(?:exe|dll|sys|scr|bat|cmd|ps1|vbs|vbe|jse?|wsf|hta|lnk|docx?|docm|xlsx?|xlsm|pptx?|rtf|pdf|jar|apk|elf|iso|img|rar|7z|msi|php|aspx?|jsp|bin|dat|tmp|log|txt|html?)$/;

/** The canonical value, or undefined when the text looks like nothing that can be looked for. */
export function guessValue(text: string): IndicatorValue | undefined {
  const trimmed = text.trim();
  if (canonicalHash(trimmed) !== undefined) return indicatorValue('hash', text);
  const host = indicatorValue('domain', text);
  if (host !== undefined) {
    const { kind, value } = host;
    if (kind === 'domain' && FILE_EXTENSIONS.test(value) && !hasKnownTopLevel(value))
      return indicatorValue('file-name', text);
    return { ...host, notes: host.notes.filter((note) => note !== 'other-kind') };
  }
  if (/^(?:HKEY_|HK(?:LM|CU|CR|U|CC)\\|\\REGISTRY\\)/i.test(trimmed)) return indicatorValue('registry-key', text);
  // `user@host` is a URL's authority too, but nobody writes that without a scheme.
  return (trimmed.includes('/') ? undefined : indicatorValue('email', text)) ?? indicatorValue('url', text);
}
