/** The reference page of error codes, made from the table. Pure; `docs/errors.md` is its checked-in result. */
import { ERROR_TABLE, type ErrorFamily, type ErrorRow } from './table.ts';

const FAMILIES: Readonly<Record<ErrorFamily, string>> = {
  user: 'in the configuration, a rule or a feed: found when it is loaded, and whoever wrote it can mend it',
  sender: 'in the data that arrives: counted, sampled into the dead-letter file, and the stream goes on',
  environment: 'in the surroundings: files, sockets, other services',
  us: 'a defect of Flint: please report it',
};

const INTRODUCTION = `# Error codes

Every message of Flint carries one of these codes: on the terminal as \`error[CODE]\`, in the log as \`code\`, in the metrics as the
label of \`flint_errors_total\`. Codes are never reused. This page is made from the table in \`src/errors/codes/\` (\`npm run docs\`).

The family says who must act.

| Family | What it means |
| --- | --- |
`;

export function errorsPage(): string {
  const families = Object.entries(FAMILIES).map(([family, text]) => `| ${family} | ${text} |`);
  const codes = Object.entries(ERROR_TABLE).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${INTRODUCTION}${families.join('\n')}\n\n${codes.map(([code, row]) => section(code, row)).join('\n')}`;
}

function section(code: string, row: ErrorRow): string {
  return `## ${code}

${sentence(row.title)} Family: ${row.family}.

- Why: ${row.why}
- What to do: ${row.fix}
`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
