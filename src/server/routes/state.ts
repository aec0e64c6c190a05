/**
 * `GET /api/state`: what spans events. Without parameters the memory of each rule and the last snapshot; with `rule=` (id or title) the
 * windows of that rule: what is in them, and what their condition lacks. `filter` is a text in a value of the group key, `limit` is 1 to 1,000.
 */
import { suggestion } from '../../errors/nearest.ts';
import { isMemoryOf, type StateReport } from '../../state/snapshot/stateful-part.ts';
import type { Route } from '../route.ts';

const PARAMETERS = ['rule', 'filter', 'limit'];
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Whose groups cannot be listed, and where to look instead. */
const UNLISTED: Readonly<Partial<Record<StateReport['engine'], string>>> = {
  flux: 'facts of flux specifications are fingerprints; "flint rules explain" tells of a file of events',
  process: 'alerts show the processes that matter to them',
};

export const stateRoute: Route = {
  method: 'GET',
  path: '/api/state',
  access: 'api',
  summary: 'what rules over several events remember; ?rule=, ?filter=, ?limit=',
  handle(request, reply, { view }) {
    const query = request.query as Readonly<Record<string, unknown>>;
    const problem = problemOf(query);
    if (problem !== undefined) {
      reply.code(400);
      return { error: problem };
    }
    const overview = view.state();
    const rule = query['rule'] as string | undefined;
    if (rule === undefined) return overview;
    const limit = query['limit'] === undefined ? DEFAULT_LIMIT : Number(query['limit']);
    const filter = query['filter'] as string | undefined;
    // By id, or by a title that one rule alone has.
    const titled = overview.rules.filter(({ name }) => name.toLowerCase() === rule.toLowerCase());
    const ids = [rule, ...(titled.length === 1 ? titled.map((each) => each.rule) : [])];
    for (const id of ids) {
      const groups = view.groups(id, { limit, ...(filter !== undefined && { filter }) });
      if (groups !== undefined) return { rule: id, limit, groups };
    }
    reply.code(404);
    if (titled.length > 1)
      return { error: `${titled.length} rules are called "${rule}": ${titled.map((each) => each.rule).join(', ')}` };
    const unlisted = overview.rules.find((each) => isMemoryOf(each, rule));
    const why = unlisted === undefined ? undefined : UNLISTED[unlisted.engine];
    if (why !== undefined) return { error: `the groups of "${rule}" cannot be listed: ${why}` };
    const listed = overview.rules.filter(({ engine }) => UNLISTED[engine] === undefined);
    const names = listed.flatMap((each) => [each.rule, each.name]);
    const known = `no windows are kept for a rule "${rule}"${suggestion(rule, names)}`;
    return { error: `${known}; patterns that have seen nothing yet are known by their id alone` };
  },
};

function problemOf(query: Readonly<Record<string, unknown>>): string | undefined {
  for (const [name, value] of Object.entries(query)) {
    if (!PARAMETERS.includes(name)) return `unknown parameter "${name}"${suggestion(name, PARAMETERS)}`;
    if (typeof value !== 'string') return `parameter "${name}" is given more than once`;
  }
  const limit = query['limit'] === undefined ? DEFAULT_LIMIT : Number(query['limit']);
  return Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT
    ? undefined
    : `limit "${String(query['limit'])}" is no whole number from 1 to ${MAX_LIMIT}`;
}
