/** Every example in the help texts and in the documentation is a command line that the program understands; nothing is run. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram, leafCommands } from '../program.ts';
import { helpAfter } from './cli-page.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const pages = ['README.md', ...readdirSync(`${ROOT}/docs`).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const program = createProgram(() => async () => undefined);
const inHelp = leafCommands(program).flatMap(({ name, command }) =>
  examplesIn(helpAfter(command)).map((example) => [name, example] as const),
);
const inPages = pages.flatMap((page) =>
  [...readFileSync(`${ROOT}/${page}`, 'utf8').matchAll(/^```(?:sh|bash|shell|console)?\n([\s\S]*?)^```/gm)].flatMap(
    (block) => examplesIn(block[1] ?? '').map((example) => [page, example] as const),
  ),
);

describe('examples', () => {
  it('stand in the help of every command that takes files or addresses', () => {
    const without = leafCommands(program)
      .map(({ name }) => name)
      .filter((name) => !inHelp.some(([command]) => command === name));
    expect(without).toEqual([]);
  });

  it.each(inHelp)('of %s --help: %s', async (_name, example) => {
    expect(await problemOf(example)).toBeUndefined();
  });

  it.each(inPages)('in %s: %s', async (_page, example) => {
    expect(await problemOf(example)).toBeUndefined();
  });

  it('would be found out if they were wrong', async () => {
    expect(await problemOf('flint scan --intl x y')).toContain("unknown option '--intl'");
    expect(await problemOf('flint scn x')).toContain("unknown command 'scn'");
    expect(await problemOf('flint intel lookup')).toContain('missing required argument');
  });
});

/** The parts of command lines that call flint: behind variables, `npx`, pipes; before pipes, redirections and remarks. */
function examplesIn(text: string): string[] {
  return text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const found = /(?:^|\|\s*|\s)(?:\$\s+)?(?:[A-Z_]+=\S+\s+)*(?:npx )?(flint (?!usage)[a-z][^|>#]*)/.exec(
        ` ${line}`,
      );
      const isCommand = /^\s*(?:\$ |[A-Z_]+=\S+ |z?cat |npx |flint )/.test(line);
      return found === null || !isCommand
        ? []
        : [
            (found[1] ?? '')
              .split(/ {4,}/)[0]
              ?.replace(/\s*&\s*$/, '')
              .trim() ?? '',
          ];
    })
    .filter((example) => !/[<[]/.test(example.replace(/'[^']*'/g, '')));
}

async function problemOf(example: string): Promise<string | undefined> {
  const words = [...example.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
  const fresh = createProgram(() => async () => undefined);
  for (const command of [fresh, ...allBelow(fresh)])
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  try {
    await fresh.parseAsync(words.slice(1), { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? undefined : error.message;
    throw error;
  }
}

function allBelow(command: ReturnType<typeof createProgram>): ReturnType<typeof createProgram>[] {
  return command.commands.flatMap((child) => [child, ...allBelow(child)]);
}
